import type { Governing } from "@quorate/paxos";
import type { LogLimits } from "../limits.ts";
import type { GroupLog } from "../wal/group-log.ts";

/** What holding back the log of one group needs to know. */
export interface HeldLogRoom {
  readonly log: Pick<GroupLog, "trim">;
  readonly limits: LogLimits;
  /** What the log takes of the disk, all groups together. */
  logBytes(): number;
  /** Of the newest snapshot of the group. */
  snapshotBytes(): number;
  diskFull(): boolean;
}

/** A durable checkpoint that the log has not been cut to yet. */
interface Uncut {
  readonly slot: number;
  readonly governing: Governing;
}

/** The log above `slot` is for a peer. */
interface Hold {
  slot: number;
  /** When the peer was last given something. */
  heardMs: number;
}

/**
 * Cuts the log of a group to its checkpoints, and not further than to what peers need next that are being brought up: a peer that has installed
 * a snapshot finds the entries above it, however many checkpoints were taken meanwhile. Without this, one that the log outruns would be
 * sent snapshots for ever. Bounded: see `heldEntriesMax` and `heldLogBytesMax`.
 */
export class HeldLog implements Pick<GroupLog, "trim"> {
  /** Peers that the log was not held for any longer, since too much was. */
  givenUp = 0;
  readonly #room: HeldLogRoom;
  /** Ascending by slot. */
  #uncut: Uncut[] = [];
  readonly #holds = new Map<number, Hold>();
  #nowMs = 0;

  constructor(room: HeldLogRoom) {
    this.#room = room;
  }

  /** A durable checkpoint covers everything to `base`: the log below it goes as soon as no peer needs it. */
  trim(base: number, governing: Governing): void {
    this.#uncut.push({ slot: base, governing });
    this.#cut();
  }

  /** A snapshot of `slot` is offered to a peer, which may ask for it; what it is being given already stands. */
  offered(node: number, slot: number): void {
    if (!this.#holds.has(node)) this.gave(node, slot);
  }

  /** A peer was given entries, or part of a snapshot, and needs everything above `slot` next. */
  gave(node: number, slot: number): void {
    this.#holds.set(node, { slot, heardMs: this.#nowMs });
  }

  /** The state up to `slot` came from a peer: nobody is given anything below it from this log. */
  installed(slot: number, governing: Governing): void {
    this.#uncut = [];
    this.#holds.clear();
    this.#room.log.trim(slot, governing);
  }

  turn(nowMs: number): void {
    this.#nowMs = nowMs;
    if (this.#holds.size === 0 && this.#uncut.length === 0) return;
    for (const [node, { heardMs }] of this.#holds) {
      if (nowMs - heardMs > this.#room.limits.heldForMs) this.#holds.delete(node);
    }
    this.#cut();
  }

  #cut(): void {
    const last = this.#uncut.at(-1);
    if (last === undefined) return;
    const { limits, log } = this.#room;
    const slotMin = this.#isTooMuch() ? last.slot : last.slot - limits.heldEntriesMax;
    let to = last.slot;
    for (const [node, { slot }] of this.#holds) {
      if (slot < slotMin) {
        this.#holds.delete(node);
        this.givenUp += 1;
      } else to = Math.min(to, slot);
    }
    const count = this.#uncut.filter(({ slot }) => slot <= to).length;
    if (count === 0) return;
    const { slot, governing } = this.#uncut[count - 1]!;
    this.#uncut = this.#uncut.slice(count);
    log.trim(slot, governing);
  }

  #isTooMuch(): boolean {
    const { limits, logBytes, snapshotBytes, diskFull } = this.#room;
    return diskFull() || logBytes() > Math.max(limits.heldLogBytesMax, 4 * snapshotBytes());
  }
}
