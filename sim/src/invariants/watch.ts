import type { KvWatchEvent } from "@quorate/kv";
import type { KvChanges } from "../ghost/kv-changes.ts";
import type { Report } from "./checker.ts";

/** J4: one watch over all keys, through all its reconnects: ordered, unique, whole per revision, without a gap, and it goes on where it was. */
export class WatchJudge {
  readonly #report: Report;
  readonly #changes: KvChanges;
  readonly #who: string;
  #toldTo: number;

  /** @param toldTo - everything above this revision is to be told. */
  constructor(report: Report, changes: KvChanges, who: string, toldTo: number) {
    this.#report = report;
    this.#changes = changes;
    this.#who = who;
    this.#toldTo = toldTo;
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
    const { all } = this.#changes;
    let at = this.#changes.after(this.#toldTo);
    const missed = all[at];
    if (
      missed !== undefined &&
      (missed.revision < revision || (event.type === "progress" && missed.revision === revision))
    ) {
      const what = `${missed.value === null ? "delete" : "put"} of ${missed.key} at revision ${missed.revision}`;
      return this.#report("J4", `${this.#who} is told of revision ${revision}, but was not told of the ${what}`);
    }
    this.#toldTo = revision;
    if (event.type === "progress") return;
    const changes = [...event.changes].sort((left, right) => (left.key < right.key ? -1 : 1));
    for (const change of changes) {
      const is = all[at];
      at += 1;
      const value = change.type === "put" ? change.entry.value : null;
      const isSame =
        is !== undefined && is.revision === revision && is.key === change.key && sameBytes(is.value, value);
      if (isSame) continue;
      const what = `${change.type} of ${change.key} at revision ${revision}`;
      const instead =
        is?.revision === revision
          ? `of ${is.key} it has ${is.value === null ? "a delete" : "another put"}`
          : "it has none such";
      return this.#report("J4", `${this.#who} is told of a ${what}, in the log ${instead}`);
    }
    if (all[at]?.revision === revision) {
      this.#report("J4", `${this.#who} is told of revision ${revision} without the change of ${all[at]!.key}`);
    }
  }
}

function sameBytes(one: Uint8Array | null, other: Uint8Array | null): boolean {
  if (one === null || other === null) return one === other;
  return one.length === other.length && one.every((byte, index) => byte === other[index]);
}
