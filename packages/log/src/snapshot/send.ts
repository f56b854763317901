import { type Clock, crc32c } from "@quorate/machine";
import type { SnapshotChunk, SnapshotWanted } from "../transport/transport.ts";
import type { SnapshotLimits } from "./limits.ts";
import type { Snapshots } from "./snapshots.ts";

/** How a sender is set up. */
export interface SnapshotSenderOptions {
  readonly snapshots: Snapshots;
  readonly clock: Clock;
  readonly limits: SnapshotLimits;
  /** May lose the message: the receiver asks again. */
  readonly send: (group: number, to: number, message: SnapshotChunk) => void;
}

/** Gives snapshots to peers, a chunk for each time they ask. */
export interface SnapshotSender {
  /** Offers the newest snapshot of a group: a chunk without bytes, which a peer that lacks it answers by asking. Repeats are spared while a transfer goes on. */
  offer(group: number, to: number): void;
  /** A peer asks for what follows. */
  wanted(group: number, from: number, message: SnapshotWanted): void;
  /** Ends all transfers. */
  close(): void;
}

interface Transfer {
  readonly slot: number;
  readonly release: () => void;
  heardMs: number;
  /** A chunk is being read, or waits for its time. */
  busy: boolean;
}

const NO_BYTES = new Uint8Array(0);

/** A sender for all groups of a process; all its transfers share one rate. */
export function createSnapshotSender(options: SnapshotSenderOptions): SnapshotSender {
  return new Sender(options);
}

class Sender implements SnapshotSender {
  readonly #options: SnapshotSenderOptions;
  readonly #transfers = new Map<string, Transfer>();
  /** From when on the next chunk may leave. */
  #freeMs = 0;
  #closed = false;

  constructor(options: SnapshotSenderOptions) {
    this.#options = options;
  }

  offer(group: number, to: number): void {
    const { snapshots, clock, limits, send } = this.#options;
    this.#giveUpIdle();
    const head = snapshots.latest(group);
    const transfer = this.#transfers.get(nameOf(group, to));
    if (this.#closed || head === null) return;
    if (transfer !== undefined && clock.nowMs() - transfer.heardMs < 2 * limits.retryMs) return;
    const bytesTotal = snapshots.fileBytes(group);
    send(group, to, { kind: "snapshot-chunk", slot: head.slot, position: 0, bytesTotal, checksum: 0, bytes: NO_BYTES });
  }

  wanted(group: number, from: number, message: SnapshotWanted): void {
    const { clock, limits, snapshots } = this.#options;
    this.#giveUpIdle();
    if (this.#closed) return;
    const transfer = this.#transferOf(group, from, message.slot);
    transfer.heardMs = clock.nowMs();
    if (transfer.busy) return;
    transfer.busy = true;
    snapshots.readBytes(group, message.slot, message.position, limits.chunkBytes, (error, found) => {
      if (error !== null || found === null || found.bytes.length === 0) {
        // Gone, or unreadable: the peer is offered the newest instead.
        this.#end(nameOf(group, from));
        if (error === null) this.offer(group, from);
        return;
      }
      const { bytes, bytesTotal } = found;
      const { position, slot } = message;
      const nowMs = clock.nowMs();
      const waitMs = Math.max(0, this.#freeMs - nowMs);
      this.#freeMs = Math.max(nowMs, this.#freeMs) + (bytes.length * 1_000) / limits.sendBytesPerSecond;
      clock.after(waitMs, () => {
        transfer.busy = false;
        if (this.#closed) return;
        const checksum = crc32c(bytes);
        this.#options.send(group, from, { kind: "snapshot-chunk", slot, position, bytesTotal, checksum, bytes });
      });
    });
  }

  close(): void {
    this.#closed = true;
    for (const name of this.#transfers.keys()) this.#end(name);
  }

  #transferOf(group: number, to: number, slot: number): Transfer {
    const name = nameOf(group, to);
    const known = this.#transfers.get(name);
    if (known?.slot === slot) return known;
    this.#end(name);
    const transfer: Transfer = {
      slot,
      release: this.#options.snapshots.keep(group, slot),
      heardMs: this.#options.clock.nowMs(),
      busy: false,
    };
    this.#transfers.set(name, transfer);
    return transfer;
  }

  #giveUpIdle(): void {
    const untilMs = this.#options.clock.nowMs() - this.#options.limits.giveUpMs;
    for (const [name, transfer] of this.#transfers) if (transfer.heardMs < untilMs) this.#end(name);
  }

  #end(name: string): void {
    this.#transfers.get(name)?.release();
    this.#transfers.delete(name);
  }
}

function nameOf(group: number, to: number): string {
  return `${group}/${to}`;
}
