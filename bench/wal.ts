import { closeSync, fdatasyncSync, mkdtempSync, openSync, rmSync, writeSync } from "node:fs";
import { join } from "node:path";

import { createNodeClock, createNodeDisk } from "@quorate/log/node";
import { ENGINE_DEFAULTS, MAJORITY, openSlotsMax } from "@quorate/paxos";
import type { GroupLog, Wal } from "../packages/log/src/wal/group-log.ts";
import { WAL_DEFAULTS } from "../packages/log/src/wal/limits.ts";
import type { openWal as OpenWal } from "../packages/log/src/wal/wal.ts";

// What was built, as the disk is: the sources would be measured with what their loader puts around each function.
const { openWal } = (await import(new URL("../packages/log/dist/wal/wal.js", import.meta.url).href)) as {
  readonly openWal: typeof OpenWal;
};

/** One line of the result: the log against a plain loop, in turns of a quarter of a second each. */
export interface WalRate {
  /** Of one record's payload, and of one write of the loop. */
  readonly batchBytes: number;
  /** Batches handed to the log and not yet durable. */
  readonly depth: number;
  /** `one`: one batch a sync, as in the loop. `all`: group commit, as it is. */
  readonly batchesASync: "one" | "all";
  readonly walMBPerSecond: number;
  readonly walSyncsPerSecond: number;
  readonly loopMBPerSecond: number;
  readonly loopSyncsPerSecond: number;
  /** Bytes appended a second, log to loop. */
  readonly ratio: number;
  /** Processor time of the log for one MB appended, in milliseconds: what the segment made ahead costs is in it. */
  readonly cpuMsPerMB: number;
}

const STRETCH_MS = 250;
/** Until the programs are compiled and the first segments, which have to be filled, are used up. */
const WARM_UP_TURNS = 4;
const LOOP_FILE_BYTES = 64 * 1024 * 1024;
const GROUP = 1;
const KIB = 1024;

/** Every line takes `seconds`, half of it for the log. `folder` must lie on the disk to be measured. */
export async function walRates(folder: string, seconds: number): Promise<readonly WalRate[]> {
  const rates: WalRate[] = [];
  for (const batchBytes of [4 * KIB, 16 * KIB, 64 * KIB, 256 * KIB, 1024 * KIB]) {
    rates.push(await walRate(folder, seconds, batchBytes, 2, "one"));
  }
  rates.push(await walRate(folder, seconds, 4 * KIB, 64, "all"));
  rates.push(await walRate(folder, seconds, 64 * KIB, 16, "all"));
  return rates;
}

async function walRate(
  folder: string,
  seconds: number,
  batchBytes: number,
  depth: number,
  batchesASync: "one" | "all",
): Promise<WalRate> {
  const own = mkdtempSync(join(folder, "wal-rate-"));
  const loop = new Loop(join(own, "loop"), batchBytes);
  const appender = await Appender.open(join(own, "log"), batchBytes, depth, batchesASync);
  try {
    for (let turn = 0; turn < WARM_UP_TURNS; turn++) {
      await appender.run(STRETCH_MS);
      loop.run(STRETCH_MS);
    }
    appender.reset();
    loop.reset();
    for (let turn = 0; turn < Math.max(1, (seconds * 1_000) / (2 * STRETCH_MS)); turn++) {
      await appender.run(STRETCH_MS);
      loop.run(STRETCH_MS);
    }
    const walMBPerSecond = (appender.batches * batchBytes) / 1e3 / appender.elapsedMs;
    const loopMBPerSecond = (loop.batches * batchBytes) / 1e3 / loop.elapsedMs;
    return {
      batchBytes,
      depth,
      batchesASync,
      walMBPerSecond: rounded(walMBPerSecond),
      walSyncsPerSecond: Math.round((appender.syncs * 1e3) / appender.elapsedMs),
      loopMBPerSecond: rounded(loopMBPerSecond),
      loopSyncsPerSecond: Math.round((loop.batches * 1e3) / loop.elapsedMs),
      ratio: Math.round((walMBPerSecond / loopMBPerSecond) * 100) / 100,
      cpuMsPerMB: rounded((appender.cpuMs * 1e6) / (appender.batches * batchBytes)),
    };
  } finally {
    await appender.close();
    loop.close();
    rmSync(own, { recursive: true });
  }
}

function rounded(value: number): number {
  return Math.round(value * 10) / 10;
}

/** `write` and `fdatasync`, one after the other, over blocks that exist already; the calls that block, so no thread ever waits to be woken but for the disk. */
class Loop {
  batches = 0;
  elapsedMs = 0;
  readonly #file: number;
  readonly #block: Buffer;
  readonly #blocks: number;
  #next = 0;

  constructor(path: string, bytes: number) {
    this.#file = openSync(path, "w");
    this.#block = Buffer.alloc(bytes, 1);
    this.#blocks = LOOP_FILE_BYTES / bytes;
    for (let index = 0; index < this.#blocks; index++) writeSync(this.#file, this.#block, 0, bytes, index * bytes);
    fdatasyncSync(this.#file);
  }

  run(ms: number): void {
    const startedMs = performance.now();
    let elapsedMs = 0;
    for (; elapsedMs < ms; elapsedMs = performance.now() - startedMs) {
      writeSync(this.#file, this.#block, 0, this.#block.length, this.#next * this.#block.length);
      fdatasyncSync(this.#file);
      this.#next = (this.#next + 1) % this.#blocks;
      this.batches += 1;
    }
    this.elapsedMs += elapsedMs;
  }

  reset(): void {
    this.batches = 0;
    this.elapsedMs = 0;
  }

  close(): void {
    closeSync(this.#file);
  }
}

/** Keeps `depth` batches on their way to the log, and lets go of what is durable, as checkpoints do. */
class Appender {
  batches = 0;
  syncs = 0;
  elapsedMs = 0;
  cpuMs = 0;
  readonly #wal: Wal;
  readonly #log: GroupLog;
  readonly #payload: Uint8Array;
  readonly #depth: number;
  readonly #failed: Promise<never>;
  #slot = 0;
  #underWay = 0;
  #trimmedTo = 0;

  private constructor(wal: Wal, batchBytes: number, depth: number, failed: Promise<never>) {
    this.#wal = wal;
    this.#log = wal.group(GROUP);
    this.#payload = new Uint8Array(batchBytes).fill(7);
    this.#depth = depth;
    this.#failed = failed;
  }

  static async open(folder: string, batchBytes: number, depth: number, batchesASync: "one" | "all"): Promise<Appender> {
    let fail: (error: Error) => void = () => undefined;
    const failed = new Promise<never>((_, reject) => (fail = reject));
    failed.catch(() => undefined);
    const unitBytesMax = batchesASync === "one" ? batchBytes + 4 * KIB : WAL_DEFAULTS.unitBytesMax;
    const limits = { ...WAL_DEFAULTS, unitBytesMax };
    const options = {
      disk: createNodeDisk(folder),
      clock: createNodeClock(),
      cluster: "bench",
      openSlots: openSlotsMax(ENGINE_DEFAULTS.limits),
      coveredTo: () => 0,
      limits,
      onFailed: fail,
    };
    const wal = await new Promise<Wal>((resolve, reject) =>
      openWal(options, (error, opened) => (error === null ? resolve(opened.wal) : reject(error))),
    );
    return new Appender(wal, batchBytes, depth, failed);
  }

  async run(ms: number): Promise<void> {
    const unit = this.#wal.unit;
    const cpu = process.cpuUsage();
    const startedMs = performance.now();
    const done = new Promise<void>((resolve) => {
      const feed = (): void => {
        while (this.#underWay < this.#depth && performance.now() - startedMs < ms) this.#append(feed);
        if (this.#underWay === 0) resolve();
      };
      feed();
    });
    await Promise.race([done, this.#failed]);
    this.elapsedMs += performance.now() - startedMs;
    this.syncs += this.#wal.unit - unit;
    const { user, system } = process.cpuUsage(cpu);
    this.cpuMs += (user + system) / 1e3;
  }

  #append(then: () => void): void {
    this.#slot += 1;
    this.#underWay += 1;
    const slot = this.#slot;
    const entry = { slot, ballot: 1_025, origin: 1_025, anchored: true, kind: "batch", bytes: this.#payload } as const;
    this.#log.append([{ kind: "accepted", entry }], () => {
      this.#underWay -= 1;
      this.batches += 1;
      this.#trim(slot);
      then();
    });
  }

  #trim(durableTo: number): void {
    if ((durableTo - this.#trimmedTo) * this.#payload.length < WAL_DEFAULTS.segmentBytes) return;
    this.#trimmedTo = durableTo;
    const members = { voters: [{ node: 1, incarnation: 1, zone: 0 }], nonVoters: [], quorum: MAJORITY, leaseMs: 0 };
    this.#log.trim(durableTo, { members, slot: 0, floor: 0 });
  }

  reset(): void {
    this.batches = 0;
    this.syncs = 0;
    this.elapsedMs = 0;
    this.cpuMs = 0;
  }

  close(): Promise<void> {
    return new Promise((resolve, reject) => this.#wal.close((error) => (error === null ? resolve() : reject(error))));
  }
}
