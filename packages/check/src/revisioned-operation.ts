/**
 * What an operation tells of the entry of its key, as it was just before the operation's own effect:
 * `nothing` (a put, a blind delete) · `value` its value · `version` its modification revision (a compare by version that
 * matched) · `entry` both (a get) · `not-value` its value was another than `seenValue` (a compare by value that failed) ·
 * `not-version` its modification revision was another than `seenModRevision`.
 */
export type Sight = "nothing" | "value" | "version" | "entry" | "not-value" | "not-version";

/**
 * One call on one key of a store that counts its steps: each write is applied at a revision of its own, and the entry that it
 * leaves carries that revision. One shape for all:
 *
 * | call | kind | value | sees |
 * |---|---|---|---|
 * | put | write | what it puts | nothing |
 * | delete | write | null | nothing, or value / entry if its reply tells the previous one |
 * | compare-and-set, matched | write | what it sets | value or version, as it compared |
 * | compare-and-set, refused | read | null | not-value or not-version, or entry if its reply tells the present one |
 * | get | read | null | entry |
 *
 * Of a call whose outcome is unknown, `sees` is what must have held *if* it took effect. A call that was surely not applied
 * does not belong into the list.
 */
export interface RevisionedOperation {
  /** Who called; only named in witnesses. */
  readonly process: number;
  readonly kind: "read" | "write";
  readonly key: string;
  /** Moment of the call, in any unit, of one clock over all operations. */
  readonly invokedAt: number;
  /** Moment of the reply, same clock; `Infinity` if the outcome is unknown. Equal moments count as concurrent. */
  readonly returnedAt: number;
  /**
   * Of a write: the revision at which it was applied, 1 or more; 0 if unknown, which only `returnedAt` `Infinity` may have.
   * Of a read: the revision of the store that it reflects, with all writes up to it and none above; 0 is the empty store.
   */
  readonly revision: number;
  /** Of a write: what the key holds after it, `null` if it is absent then. Of a read: `null`. */
  readonly value: string | null;
  readonly sees: Sight;
  /** With sees `value`, `entry`, `not-value`: that value, `null` for absent. Else `null`. */
  readonly seenValue: string | null;
  /** With sees `version`, `entry`, `not-version`: the modification revision of the entry, 0 for absent. Else 0. */
  readonly seenModRevision: number;
}

/** An operation as one phrase, for witnesses. */
export function showRevisioned(operation: RevisionedOperation): string {
  const { process, kind, key, value, revision, sees, seenValue, seenModRevision } = operation;
  const did = kind === "write" ? `writes ${JSON.stringify(value)}` : "reads";
  const saw = {
    nothing: "",
    value: `, sees ${JSON.stringify(seenValue)}`,
    version: `, sees modification revision ${seenModRevision}`,
    entry: `, sees ${JSON.stringify(seenValue)} of modification revision ${seenModRevision}`,
    "not-value": `, sees another value than ${JSON.stringify(seenValue)}`,
    "not-version": `, sees another modification revision than ${seenModRevision}`,
  }[sees];
  const at = revision === 0 && kind === "write" ? "at an unknown revision" : `at revision ${revision}`;
  return `process ${process} ${did} ${JSON.stringify(key)} ${at}${saw} (${operation.invokedAt}–${operation.returnedAt})`;
}
