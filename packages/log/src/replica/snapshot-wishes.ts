import type { QuorateError } from "@quorate/machine";
import type { Done } from "../disk/disk.ts";
import { snapshotGone, tooStale } from "../errors.ts";
import type { LogLimits } from "../limits.ts";
import type { SnapshotChunk } from "../transport/transport.ts";
import type { SnapshotHead } from "../wal/group-log.ts";
import type { Answers } from "./answers.ts";

interface Wish {
  readonly minRevision: number;
  readonly sinceMs: number;
  readonly position: number;
  readonly done: Done<SnapshotChunk>;
}

/** What the wishes of a replica need to know of it. */
export interface WishRoom {
  readonly group: number;
  readonly limits: LogLimits;
  readonly answers: Answers;
  /** The newest that is durable here; `null`: there is none. */
  latest(): SnapshotHead | null;
  part(slot: number, position: number, done: Done<SnapshotChunk | null>): void;
}

/** Clients that want a snapshot: those that begin wait for one that reflects their revision; those that go on are given what follows. */
export class SnapshotWishes {
  readonly #room: WishRoom;
  #wishes: Wish[] = [];

  constructor(room: WishRoom) {
    this.#room = room;
  }

  /** A snapshot that reflects `minRevision`, from `position` on. */
  add(minRevision: number, position: number, nowMs: number, done: Done<SnapshotChunk>): void {
    this.#wishes.push({ minRevision, position, sinceMs: nowMs, done });
  }

  /** The bytes that follow `position` of the snapshot to `slot`. */
  give(slot: number, position: number, done: Done<SnapshotChunk>): void {
    this.#room.part(slot, position, (error, chunk) => {
      if (error === null && chunk !== null) done(null, chunk);
      else done(error ?? snapshotGone(this.#room.group, slot), undefined as never);
    });
  }

  /** Whether a checkpoint of the state at `revision` is what somebody waits for. */
  wants(revision: number): boolean {
    return this.#wishes.length > 0 && this.#wishes.some((wish) => wish.minRevision <= revision && !this.#isMet(wish));
  }

  /** Begins what can begin, and refuses whose revision does not come. */
  answer(revision: number, nowMs: number): void {
    if (this.#wishes.length === 0) return;
    const { group, limits, answers } = this.#room;
    const later: Wish[] = [];
    for (const wish of this.#wishes) {
      if (this.#isMet(wish)) this.give(this.#room.latest()!.slot, wish.position, wish.done);
      else if (wish.minRevision > revision && nowMs - wish.sinceMs >= limits.staleWaitMs)
        answers.refuse(wish.done, tooStale(group, revision, wish.minRevision));
      else later.push(wish);
    }
    this.#wishes = later;
  }

  /** No checkpoint could be made, or the replica ends. */
  refuseAll(error: QuorateError): void {
    const wishes = this.#wishes;
    this.#wishes = [];
    for (const { done } of wishes) this.#room.answers.refuse(done, error);
  }

  #isMet({ minRevision }: Wish): boolean {
    const latest = this.#room.latest();
    return latest !== null && latest.revision >= minRevision;
  }
}
