import type { KvChange, KvWatchEvent, WatchOptions } from "@quorate/kv";
import type { GhostChange } from "../ghost/kv-changes.ts";
import type { PlainStore } from "../ghost/plain-store.ts";
import type { Report } from "./checker.ts";

/** What a watch asks for. */
export interface Watched extends Pick<WatchOptions, "previous" | "keysOnly" | "only"> {
  /** Of the keys; default: all. */
  readonly prefix?: string;
}

/** J4: one watch, through all its reconnects: ordered, unique, whole per revision, without a gap, and it goes on where it was. */
export class WatchJudge {
  readonly #report: Report;
  readonly #store: PlainStore;
  readonly #who: string;
  readonly #of: Watched;
  #toldTo: number;

  /** @param toldTo - everything above this revision is to be told. */
  constructor(report: Report, store: PlainStore, who: string, toldTo: number, of: Watched) {
    this.#report = report;
    this.#store = store;
    this.#who = who;
    this.#toldTo = toldTo;
    this.#of = of;
  }

  /** Everything up to this revision was told. */
  get toldTo(): number {
    return this.#toldTo;
  }

  told(event: KvWatchEvent): void {
    const { revision } = event;
    if (event.type === "compacted") {
      this.#toldTo = Math.max(this.#toldTo, revision);
      return;
    }
    if (event.type === "progress" ? revision < this.#toldTo : revision <= this.#toldTo) {
      return this.#report("J4", `${this.#who} is told of revision ${revision}, after ${this.#toldTo}`);
    }
    const [missed] = this.#due(this.#toldTo, event.type === "progress" ? revision : revision - 1);
    if (missed !== undefined) {
      const what = `${missed.value === null ? "delete" : "put"} of ${missed.key} at revision ${missed.revision}`;
      return this.#report("J4", `${this.#who} is told of revision ${revision}, but was not told of the ${what}`);
    }
    this.#toldTo = revision;
    if (event.type === "progress") return;
    const due = this.#due(revision - 1, revision);
    const changes = [...event.changes].sort((left, right) => (left.key < right.key ? -1 : 1));
    for (const [index, change] of changes.entries()) {
      const is = due[index];
      if (is !== undefined && this.#isTold(is, change)) continue;
      const what = `${change.type} of ${change.key} at revision ${revision}`;
      const instead =
        is === undefined ? "it has none such" : `of ${is.key} it has ${is.value === null ? "a delete" : "another put"}`;
      return this.#report("J4", `${this.#who} is told of a ${what}, in the log ${instead}`);
    }
    const left = due[changes.length];
    if (left !== undefined) {
      this.#report("J4", `${this.#who} is told of revision ${revision} without the change of ${left.key}`);
    }
  }

  /** The changes of what is watched, above one revision and up to another. */
  #due(above: number, to: number): readonly GhostChange[] {
    const { all } = this.#store.changes;
    const due: GhostChange[] = [];
    for (let at = this.#store.changes.after(above); at < all.length && all[at]!.revision <= to; at++) {
      const change = all[at]!;
      if (this.#isWatched(change)) due.push(change);
    }
    return due;
  }

  #isWatched({ key, value }: GhostChange): boolean {
    const { prefix = "", only } = this.#of;
    return key.startsWith(prefix) && only !== (value === null ? "puts" : "deletes");
  }

  #isTold({ revision, key, value }: GhostChange, change: KvChange): boolean {
    if (change.key !== key || (change.type === "delete") !== (value === null)) return false;
    const { keysOnly = false, previous = false } = this.#of;
    const told = change.type === "put" ? change.entry.value : null;
    if (!sameBytes(keysOnly && value !== null ? NO_BYTES : value, told)) return false;
    const before = previous ? (this.#store.at(revision - 1, [1, key, ""])[0] ?? null) : null;
    if (before === null || change.previous === null) return before === change.previous;
    return (
      change.previous.modRevision === before[3] && sameBytes(keysOnly ? NO_BYTES : before[1], change.previous.value)
    );
  }
}

const NO_BYTES = new Uint8Array(0);

function sameBytes(one: Uint8Array | null, other: Uint8Array | null): boolean {
  if (one === null || other === null) return one === other;
  return one.length === other.length && one.every((byte, index) => byte === other[index]);
}
