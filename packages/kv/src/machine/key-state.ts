import type { KeyTuple } from "./command.ts";

/** What the store holds for a key. Never changed once made: history and images share it. */
export interface KeyState {
  readonly value: Uint8Array;
  /** Revision of the put that made the key, since it was last absent. */
  readonly createRevision: number;
  /** Revision of the last change. */
  readonly modRevision: number;
  /** Changing revisions since the key was made; 1 for the first. */
  readonly version: number;
  /** Session whose end deletes the key; 0: none. */
  readonly session: number;
  /** Log time at which the key expires; 0: never. */
  readonly expiresAtMs: number;
}

/** What a key costs beyond its own characters and bytes, roughly: the objects that hold it. */
const OVERHEAD_BYTES = 128;

/** Bytes that a key counts for in the limits; characters count 2, as they are kept. */
export function sizeOf(key: string, state: KeyState | null): number {
  return state === null ? OVERHEAD_BYTES + key.length * 2 : OVERHEAD_BYTES + key.length * 2 + state.value.length;
}

/** The key as told to a client. */
export function keyTuple(key: string, state: KeyState, withValue: boolean): KeyTuple {
  return [
    key,
    withValue ? state.value : null,
    state.createRevision,
    state.modRevision,
    state.version,
    state.session,
    state.expiresAtMs,
  ];
}
