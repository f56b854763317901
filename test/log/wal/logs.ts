import { type DurableRecord, type Entry, type Governing, MAJORITY } from "@quorate/paxos";
import type { QuorateError } from "@quorate/machine";
import { type Decide, MemoryDisk } from "../../../packages/log/src/disk/memory-disk.ts";
import type { WalLimits } from "../../../packages/log/src/wal/limits.ts";
import { type OpenedWal, openWal } from "../../../packages/log/src/wal/wal.ts";
import { Turns } from "../turns.ts";

export const CLUSTER = "test";

export const SMALL: WalLimits = {
  segmentBytes: 8 * 1024,
  unitBytesMax: 4 * 1024,
  sealMs: 200,
  cacheBytesMax: 2 * 1024,
  recycledMax: 1,
  fullRetryMs: 500,
  liveFractionMax: 0.25,
};

/** One process with an open log on a memory disk. */
export class Process {
  readonly turns: Turns;
  readonly disk: MemoryDisk;
  readonly opened: OpenedWal;
  readonly failures: QuorateError[] = [];

  constructor(disk: MemoryDisk | null = null, limits: WalLimits = SMALL) {
    this.turns = new Turns();
    const { later } = this.turns;
    this.disk = disk === null ? new MemoryDisk({ later }) : disk.copy(later);
    this.disk.kill();
    this.opened = this.turns.finish<OpenedWal>((done) => {
      openWal(
        {
          disk: this.disk,
          clock: this.turns,
          cluster: CLUSTER,
          limits,
          openSlots: 16,
          coveredTo: () => 0,
          onFailed: (error) => this.failures.push(error),
        },
        done,
      );
    });
  }

  /** Appends, and runs until it is durable. */
  write(group: number, ...records: DurableRecord[]): number {
    let unit = -1;
    this.opened.wal.group(group).append(records, (durableIn) => {
      unit = durableIn;
    });
    this.turns.run();
    return unit;
  }

  read(group: number, slotFrom: number, slotTo: number, bytesMax = 1 << 20): readonly Entry[] {
    return this.turns.finish<readonly Entry[]>((done) => {
      this.opened.wal.group(group).entries(slotFrom, slotTo, bytesMax, done);
    });
  }

  /** Power loss; then the next process on the same disk. */
  crash(decide: Decide): Process {
    this.disk.crash(decide);
    return new Process(this.disk);
  }

  /** The next process, after this one closed its log. */
  reopen(): Process {
    this.turns.finish<void>((done) => {
      this.opened.wal.close(done);
    });
    return new Process(this.disk);
  }
}

export function entry(slot: number, ballot: number, text: string): Entry {
  return {
    slot,
    ballot,
    origin: ballot,
    anchored: slot % 2 === 1,
    kind: "batch",
    bytes: new TextEncoder().encode(text),
  };
}

export function accepted(slot: number, ballot: number, text: string = `value ${slot} of ${ballot}`): DurableRecord {
  return { kind: "accepted", entry: entry(slot, ballot, text) };
}

export function promised(ballot: number): DurableRecord {
  return { kind: "promised", ballot };
}

export const FORMED: Governing = {
  members: {
    voters: [1, 2, 3].map((node) => ({ node, incarnation: node * 1_000, zone: 0 })),
    nonVoters: [],
    quorum: MAJORITY,
    leaseMs: 0,
  },
  slot: 0,
  floor: 0,
};

export function textOf(entries: readonly Entry[]): string[] {
  return entries.map((one) => `${one.slot}@${one.ballot} ${new TextDecoder().decode(one.bytes)}`);
}
