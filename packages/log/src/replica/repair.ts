import type { Entry, Learn, Supply } from "@quorate/paxos";
import type { LogLimits } from "../limits.ts";
import type { GroupLog } from "../wal/group-log.ts";
import type { Governings } from "./governings.ts";

/** What supplying a peer needs of its replica. */
export interface RepairRoom {
  readonly limits: LogLimits;
  readonly log: GroupLog;
  readonly governings: Governings;
  /** Entries in one `learn`. */
  readonly messageEntriesMax: number;
  /** The state came from a snapshot that covers everything to here; no entry at or below was applied by this process. */
  restoredTo(): number;
  appliedTo(): number;
  chosenTo(): number;
  queuedBytes(node: number): number;
  send(to: number, message: Learn): void;
  /** A peer is given entries from `slotFrom` on. */
  gives(to: number, slotFrom: number): void;
  /** The entry of `slot` cannot be read in the log: a snapshot that covers it is needed. */
  unreadable(slot: number): void;
  /** The peer needs what the log no longer has. */
  offerSnapshot(to: number): void;
  wake(): void;
}

/** Gives peers what they lack: chosen entries from the log, or the snapshot. One read of the log a peer at a time. */
export class Repair {
  readonly #room: RepairRoom;
  readonly #reading = new Set<number>();
  #ready: { readonly to: number; readonly entries: readonly Entry[] }[] = [];
  #closed = false;
  entriesSupplied = 0;
  snapshotsOffered = 0;

  constructor(room: RepairRoom) {
    this.#room = room;
  }

  close(): void {
    this.#closed = true;
    this.#ready = [];
  }

  /** A peer asked. What is refused here, because one is being read or its queue is full, it asks for again. */
  supply({ to, slotFrom, slotTo }: Supply): void {
    const { limits, log } = this.#room;
    if (this.#reading.has(to) || this.#room.queuedBytes(to) > limits.supplyQueuedBytesMax) return;
    const last = Math.min(slotTo, this.#room.appliedTo());
    if (last < slotFrom) return;
    // What the log has there may be a vote of this node that lost, while another value was chosen: the snapshot was installed over it.
    if (slotFrom <= this.#room.restoredTo() || slotFrom < log.slotFirst) return this.#offer(to);
    this.#room.gives(to, slotFrom);
    this.#reading.add(to);
    log.entries(slotFrom, last, limits.supplyBytesPerTurn, (error, entries) => {
      this.#reading.delete(to);
      if (this.#closed) return;
      if (error !== null) {
        // The record rotted since this process started. What it says is applied here: a snapshot stands for it.
        this.#room.unreadable(slotFrom);
        return this.#offer(to);
      }
      if (entries.length === 0) return this.#offer(to);
      this.#ready.push({ to, entries });
      this.#room.wake();
    });
  }

  /** Sends what was read since the last turn. */
  send(): void {
    if (this.#ready.length === 0) return;
    const ready = this.#ready;
    this.#ready = [];
    for (const { to, entries } of ready) this.#sendTo(to, entries);
  }

  #sendTo(to: number, entries: readonly Entry[]): void {
    const { messageEntriesMax, governings } = this.#room;
    for (let from = 0; from < entries.length; from += messageEntriesMax) {
      const part = entries.slice(from, from + messageEntriesMax);
      const floors = governings.floorsOf(part);
      // The change is from before this process began, and its floor with it: the snapshot carries the set instead.
      if (floors === null) return this.#offer(to);
      this.entriesSupplied += part.length;
      this.#room.send(to, { kind: "learn", entries: part, floors, chosenTo: this.#room.chosenTo() });
    }
  }

  #offer(to: number): void {
    this.snapshotsOffered += 1;
    this.#room.offerSnapshot(to);
  }
}
