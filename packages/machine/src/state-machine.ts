import type { Codec } from "./codec.ts";

/** The six types of a machine's words. */
export interface Shape {
  command: unknown;
  result: unknown;
  query: unknown;
  answer: unknown;
  watch: unknown;
  event: unknown;
}

/** Where in the log a step stands. Reused between calls: copy what you keep. */
export interface At {
  /** Of this step; one count over all machines of the log, never reused. */
  readonly revision: number;
  /** Never goes back, never runs faster than real time beyond the drift bound. */
  readonly logTimeMs: number;
  /** The session of the command; 0: none (a clock step). */
  readonly session: number;
}

/** A deterministic machine: synchronous and pure. Everything it knows of the world comes through its arguments. */
export interface StateMachine<S extends Shape> {
  /** Total: a refusal is a result. A throw becomes `MACHINE_FAULT`, alike on every replica, and must have changed nothing. */
  apply(command: S["command"], at: At): S["result"];
  /** Earliest log time at which `advance` would change something; Infinity: never. Default: never. */
  dueMs?(): number;
  /** Expires what is due at `at.logTimeMs`: a step with a revision of its own, before the commands of its batch. */
  advance?(at: At): void;
  /** A session was closed or has expired: release what it owned. */
  sessionEnded?(session: number, at: At): void;
  /** Changes nothing; runs between steps; bounded by a page limit of its own. */
  query?(query: S["query"]): S["answer"];
  /** Local to a replica: neither replicated nor in the image. `wake` says that a pull may find something. */
  watch?(request: S["watch"], wake: () => void): Watcher<S["event"]>;
  /** The state as of now, frozen; encoded later, while steps go on. */
  image(): Image;
}

/** A frozen state, pulled in chunks. Equal states give equal bytes, however they were reached. */
export interface Image {
  /** The next chunk, at most `bytesMax` long; `null` at the end. */
  next(bytesMax: number): Uint8Array | null;
  /** Ends copy-on-write; also after an abort. */
  release(): void;
}

/** What changed since the last pull: level-triggered, so a lost wake loses nothing, and a slow reader is simply not pulled. */
export interface Watcher<E> {
  /** Empty: nothing until the next wake. Each event once, in order. */
  pull(bytesMax: number): readonly E[];
  close(): void;
}

/** Builds a machine from the chunks of an image, beside the live one, which is replaced only at the end. */
export interface Restore<M> {
  push(chunk: Uint8Array): void;
  /** Throws if the image is not whole. */
  end(): M;
}

/** What machines of one log may ask each other, as of the same step. */
export interface Neighbours {
  /** Whether the lock named `lock` is held under the fencing token `token`. False where no machine keeps locks. */
  holdsLock(lock: string, token: number): boolean;
  sessionLives(session: number): boolean;
}

/** What a machine that keeps locks offers to its neighbours. */
export interface LockKeeper {
  holdsLock(lock: string, token: number): boolean;
}

/** How a machine is made, restored and spoken to. */
export interface MachineDefinition<S extends Shape> {
  /** Stands in every image and every command; 1 … 64 characters. */
  readonly name: string;
  /** Of the image; a newer one than the code knows is refused in words. 1 or more. */
  readonly version: number;
  readonly codecs: { readonly [K in keyof S]: Codec<S[K]> };
  create(neighbours: Neighbours): StateMachine<S>;
  restore(neighbours: Neighbours, version: number): Restore<StateMachine<S>>;
  /** Present in the one definition whose machines answer `Neighbours.holdsLock`. */
  lockKeeper?(machine: StateMachine<S>): LockKeeper;
}
