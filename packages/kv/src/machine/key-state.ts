import type { KeyTuple } from "./command.ts";

/**
 * One state of a key, from the revision that made it until the next change of the key. Never changed once made, but for the link
 * `before`: store, history and images share it.
 */
export interface KeyState {
  readonly key: string;
  readonly value: Uint8Array;
  /** Revision of the put that made the key, since it was last absent. */
  readonly createRevision: number;
  /** Revision of the last change. */
  readonly modRevision: number;
  /** Changing revisions since the key was made; 1 for the first. 0: `modRevision` deleted the key. */
  readonly version: number;
  /** Session whose end deletes the key; 0: none. */
  readonly session: number;
  /** Log time at which the key expires; 0: never. */
  readonly expiresAtMs: number;
  /**
   * What the key was before `modRevision`, as long as the history tells it: this is how the state at an earlier revision is found. The
   * history alone cuts it. Null: the key was not there, or what it was is told no more.
   */
  before: KeyState | null;
}

const NO_VALUE: Uint8Array = new Uint8Array(0);

/** That `key` is gone since `revision`. Stands in the history only, never in the store. */
export function deletedState(key: string, revision: number, before: KeyState | null): KeyState {
  return {
    key,
    value: NO_VALUE,
    createRevision: 0,
    modRevision: revision,
    version: 0,
    session: 0,
    expiresAtMs: 0,
    before,
  };
}

/** The state where the key is there; null where it is not. */
export function presentIn(state: KeyState | null): KeyState | null {
  return state === null || state.version === 0 ? null : state;
}

/** What a key costs beyond its own characters and bytes, roughly: the objects that hold it. */
const OVERHEAD_BYTES = 128;

/** Bytes that a state counts for in the limits; characters count 2, as they are kept. */
export function sizeOf({ key, value }: KeyState): number {
  return OVERHEAD_BYTES + key.length * 2 + value.length;
}

/** The key as told to a client. */
export function keyTuple(state: KeyState, withValue: boolean): KeyTuple {
  return [
    state.key,
    withValue ? state.value : null,
    state.createRevision,
    state.modRevision,
    state.version,
    state.session,
    state.expiresAtMs,
  ];
}
