import { type Clock, crc32c } from "@quorate/machine";
import type { Done } from "../disk/disk.ts";
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

/** Gives snapshots to peers and clients, a chunk for each time they ask. */
export interface SnapshotSender {
  /** Offers the newest snapshot of a group: a chunk without bytes, which a peer that lacks it answers by asking. Repeats are spared while a transfer goes on. */
  offer(group: number, to: number): void;
  /** A peer asks for what follows. */
  wanted(group: number, from: number, message: SnapshotWanted): void;
  /** A client asks for what follows; `null`: that snapshot is gone. It stays while somebody asks for it every `giveUpMs`. */
  part(group: number, slot: number, position: number, done: Done<SnapshotChunk | null>): void;
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

/** A sender for all groups of a process; all that it gives shares one rate. */
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
    if (transfer !== undefined && (transfer.busy || clock.nowMs() - transfer.heardMs < 2 * limits.retryMs)) return;
    const bytesTotal = snapshots.fileBytes(group);
    send(group, to, { kind: "snapshot-chunk", slot: head.slot, position: 0, bytesTotal, checksum: 0, bytes: NO_BYTES });
  }

  wanted(group: number, from: number, message: SnapshotWanted): void {
    this.#giveUpIdle();
    if (this.#closed) return;
    const transfer = this.#transferOf(group, nameOf(group, from), message.slot);
    if (transfer.busy) return;
    transfer.busy = true;
    this.#read(group, message.slot, message.position, (error, chunk) => {
      transfer.busy = false;
      if (this.#closed) return;
      if (error === null && chunk !== null) return this.#options.send(group, from, chunk);
      // Gone, or unreadable: the peer is offered the newest instead.
      this.#end(nameOf(group, from));
      if (error === null) this.offer(group, from);
    });
  }

  part(group: number, slot: number, position: number, done: Done<SnapshotChunk | null>): void {
    const name = `${group}/slot ${slot}`;
    this.#giveUpIdle();
    if (!this.#transfers.has(name))
      this.#options.clock.after(2 * this.#options.limits.giveUpMs, () => this.#giveUpIdle());
    this.#transferOf(group, name, slot);
    this.#read(group, slot, position, (error, chunk) => {
      if (chunk === null || position + chunk.bytes.length >= chunk.bytesTotal) this.#end(name);
      done(error, chunk);
    });
  }

  close(): void {
    this.#closed = true;
    for (const name of this.#transfers.keys()) this.#end(name);
  }

  /** Reads the bytes from `position` on, and holds them back until their time has come; `null`: there are none. */
  #read(group: number, slot: number, position: number, done: Done<SnapshotChunk | null>): void {
    const { clock, limits, snapshots } = this.#options;
    snapshots.readBytes(group, slot, position, limits.chunkBytes, (error, found) => {
      if (error !== null || found === null || found.bytes.length === 0) return done(error, null);
      const { bytes, bytesTotal } = found;
      const nowMs = clock.nowMs();
      const waitMs = Math.max(0, this.#freeMs - nowMs);
      this.#freeMs = Math.max(nowMs, this.#freeMs) + (bytes.length * 1_000) / limits.sendBytesPerSecond;
      clock.after(waitMs, () => {
        done(null, { kind: "snapshot-chunk", slot, position, bytesTotal, checksum: crc32c(bytes), bytes });
      });
    });
  }

  #transferOf(group: number, name: string, slot: number): Transfer {
    const nowMs = this.#options.clock.nowMs();
    const known = this.#transfers.get(name);
    if (known?.slot === slot) {
      known.heardMs = nowMs;
      return known;
    }
    this.#end(name);
    const transfer: Transfer = {
      slot,
      release: this.#options.snapshots.keep(group, slot),
      heardMs: nowMs,
      busy: false,
    };
    this.#transfers.set(name, transfer);
    return transfer;
  }

  #giveUpIdle(): void {
    const untilMs = this.#options.clock.nowMs() - this.#options.limits.giveUpMs;
    for (const [name, { busy, heardMs }] of this.#transfers) if (!busy && heardMs < untilMs) this.#end(name);
  }

  #end(name: string): void {
    this.#transfers.get(name)?.release();
    this.#transfers.delete(name);
  }
}

function nameOf(group: number, to: number): string {
  return `${group}/${to}`;
}
