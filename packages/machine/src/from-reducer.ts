import { cbor, decodeCbor, encodeCbor } from "./cbor.ts";
import { type Check, checkNull } from "./check.ts";
import { plainBytes } from "./plain-bytes.ts";
import type { At, Image, MachineDefinition, Restore, StateMachine, Watcher } from "./state-machine.ts";

/** The words of a machine made by `fromReducer`: its one query, and its one watch, give the whole state. */
export interface ReducerShape<State, Command, Result> {
  command: Command;
  result: Result;
  query: null;
  answer: State;
  watch: null;
  event: State;
}

/** What `fromReducer` needs. All of it pure, and every state an immutable value that `encodeCbor` can encode. */
export interface ReducerDefinition<State, Command, Result> {
  readonly name: string;
  readonly version: number;
  readonly initial: State;
  /** The next state and the result. Never changes `state`. A throw becomes `MACHINE_FAULT`, and changes nothing. */
  apply(state: State, command: Command, at: At): readonly [State, Result];
  /** A session was closed or has expired. Default: nothing changes. */
  sessionEnded?(state: State, session: number, at: At): State;
  /** Checks what a client sent; a throw becomes `MACHINE_FAULT`. Default: anything goes, and `apply` had better be ready for it. */
  readonly checkCommand?: Check<Command>;
  /** Makes a state of this version from one of an older one. Default: older images are refused. */
  upgrade?(state: unknown, version: number): State;
}

/**
 * The ten-line way to a replicated machine: a reducer over an immutable state gives query, watch, image and restore for free.
 *
 * The whole state is one image and one answer, so this is for states of up to some megabytes. The order of an object's keys is not part of the state (it is
 * lost in an image): a reducer that walks over keys sorts them.
 */
export function fromReducer<State, Command, Result>(
  definition: ReducerDefinition<State, Command, Result>,
): MachineDefinition<ReducerShape<State, Command, Result>> {
  const { name, version } = definition;
  const trusted = cbor((value) => value as State);
  return {
    name,
    version,
    codecs: {
      command: cbor(definition.checkCommand ?? ((value) => value as Command)),
      result: cbor((value) => value as Result),
      query: cbor(checkNull),
      answer: trusted,
      watch: cbor(checkNull),
      event: trusted,
    },
    create: () => new ReducerMachine(definition, definition.initial),
    restore: (_neighbours, imageVersion) => new ReducerRestore(definition, imageVersion),
  };
}

class ReducerMachine<State, Command, Result> implements StateMachine<ReducerShape<State, Command, Result>> {
  private readonly definition: ReducerDefinition<State, Command, Result>;
  private state: State;
  private readonly wakes = new Set<() => void>();

  constructor(definition: ReducerDefinition<State, Command, Result>, state: State) {
    this.definition = definition;
    this.state = state;
  }

  apply(command: Command, at: At): Result {
    const [state, result] = this.definition.apply(this.state, command, at);
    this.become(state);
    return result;
  }

  sessionEnded(session: number, at: At): void {
    const { definition } = this;
    if (definition.sessionEnded !== undefined) this.become(definition.sessionEnded(this.state, session, at));
  }

  query(): State {
    return this.state;
  }

  watch(_request: null, wake: () => void): Watcher<State> {
    // A wake of its own, so that two watchers with one function are still two.
    const wakeThis = (): void => wake();
    this.wakes.add(wakeThis);
    let told = false;
    let last: State | undefined;
    return {
      pull: () => {
        if (told && last === this.state) return [];
        told = true;
        last = this.state;
        return [this.state];
      },
      close: () => {
        this.wakes.delete(wakeThis);
      },
    };
  }

  image(): Image {
    return new ReducerImage(this.state);
  }

  private become(state: State): void {
    if (state === this.state) return;
    this.state = state;
    for (const wake of this.wakes) wake();
  }
}

/** Keeps the state by reference, which is enough: it never changes. */
class ReducerImage implements Image {
  private readonly state: unknown;
  private rest: Uint8Array | null = null;
  private released = false;

  constructor(state: unknown) {
    this.state = state;
  }

  next(bytesMax: number): Uint8Array | null {
    if (this.released) return null;
    this.rest ??= encodeCbor(this.state);
    if (this.rest.length === 0) return null;
    const chunk = this.rest.subarray(0, bytesMax);
    this.rest = this.rest.subarray(chunk.length);
    return chunk;
  }

  release(): void {
    this.released = true;
    this.rest = null;
  }
}

class ReducerRestore<State, Command, Result> implements Restore<StateMachine<ReducerShape<State, Command, Result>>> {
  private readonly definition: ReducerDefinition<State, Command, Result>;
  private readonly version: number;
  private readonly chunks: Uint8Array[] = [];
  private bytesTotal = 0;

  constructor(definition: ReducerDefinition<State, Command, Result>, version: number) {
    this.definition = definition;
    this.version = version;
  }

  push(chunk: Uint8Array): void {
    this.chunks.push(plainBytes(chunk).slice());
    this.bytesTotal += chunk.length;
  }

  end(): StateMachine<ReducerShape<State, Command, Result>> {
    const bytes = new Uint8Array(this.bytesTotal);
    let position = 0;
    for (const chunk of this.chunks) {
      bytes.set(chunk, position);
      position += chunk.length;
    }
    const { definition, version } = this;
    const state = decodeCbor(bytes);
    if (version === definition.version) return new ReducerMachine(definition, state as State);
    if (definition.upgrade === undefined) {
      throw new TypeError(
        `machine "${definition.name}" cannot read a state of version ${version}: give its reducer an "upgrade" to version ${definition.version}`,
      );
    }
    return new ReducerMachine(definition, definition.upgrade(state, version));
  }
}
