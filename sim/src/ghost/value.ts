import { type Batch, type BatchCommand, decodeBatch } from "@quorate/machine";
import { type Entry, type EntryKind, showBallot } from "@quorate/paxos";
import { valueIdentity } from "./value-identity.ts";

/** What a slot may hold, whoever votes for it in whatever ballot. One object for each: equal values are the same object. */
export interface Value {
  readonly slot: number;
  readonly kind: EntryKind;
  readonly origin: number;
  readonly anchored: boolean;
  readonly identity: number;
  readonly bytes: Uint8Array;
}

/** All values that were seen. */
export class Values {
  readonly #bySlot: Value[][] = [];

  of({ slot, kind, origin, anchored, bytes }: Entry): Value {
    const known = (this.#bySlot[slot] ??= []);
    for (const value of known) {
      if (value.origin !== origin || value.kind !== kind || value.anchored !== anchored) continue;
      if (areEqual(value.bytes, bytes)) return value;
    }
    const value: Value = { slot, kind, origin, anchored, identity: valueIdentity(bytes), bytes };
    known.push(value);
    return value;
  }
}

function areEqual(one: Uint8Array, other: Uint8Array): boolean {
  if (one === other) return true;
  const { length } = one;
  if (other.length !== length) return false;
  for (let index = 0; index < length; index++) if (one[index] !== other[index]) return false;
  return true;
}

const decoded = new WeakMap<Uint8Array, Batch>();

/** A batch, decoded once for all who look at it. */
export function commandsOf(bytes: Uint8Array): readonly BatchCommand[] {
  let batch = decoded.get(bytes);
  if (batch === undefined) decoded.set(bytes, (batch = decodeBatch(bytes)));
  return batch.commands;
}

/** A value as people tell it from others. */
export function showValue({ kind, origin, anchored, bytes, identity }: Value): string {
  const size = kind === "noop" ? "" : `, ${bytes.length} bytes, identity ${identity.toString(16)}`;
  return `"${kind} of ${showBallot(origin)}${anchored ? ", anchored" : ""}${size}"`;
}
