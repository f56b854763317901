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
  readonly #identities = new WeakMap<Uint8Array, number>();

  of({ slot, kind, origin, anchored, bytes }: Entry): Value {
    const known = (this.#bySlot[slot] ??= []);
    for (const value of known) {
      if (value.origin !== origin || value.kind !== kind || value.anchored !== anchored) continue;
      if (value.bytes === bytes || (value.bytes.length === bytes.length && value.identity === this.#identity(bytes))) {
        return value;
      }
    }
    const value: Value = { slot, kind, origin, anchored, identity: this.#identity(bytes), bytes };
    known.push(value);
    return value;
  }

  #identity(bytes: Uint8Array): number {
    let identity = this.#identities.get(bytes);
    if (identity === undefined) this.#identities.set(bytes, (identity = valueIdentity(bytes)));
    return identity;
  }
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
