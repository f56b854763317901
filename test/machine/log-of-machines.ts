import {
  type At,
  cbor,
  checkInt,
  checkList,
  checkNull,
  checkNumber,
  checkOneOf,
  checkText,
  checkTuple,
  type Composite,
  encodeBatch,
  encodeCbor,
  decodeCbor,
  fromReducer,
  type Image,
  type MachineDefinition,
  type Neighbours,
  recordImage,
  recordRestore,
  type RequestId,
  SESSION_MACHINE,
  sessionCommands,
  sessionResults,
  type Settlement,
  type StateMachine,
} from "@quorate/machine";

/** Appends texts, and answers with how many there are now. Every application is seen in its state. `boom` throws. */
export interface NotesState {
  readonly notes: readonly (readonly [session: number, text: string])[];
  readonly ended: readonly number[];
}

export const notes = fromReducer<NotesState, string, number>({
  name: "notes",
  version: 1,
  initial: { notes: [], ended: [] },
  checkCommand: checkText(1000),
  apply(state, text, at) {
    if (text === "boom") throw new RangeError("boom");
    const next = { ...state, notes: [...state.notes, [at.session, text] as const] };
    return [next, next.notes.length];
  },
  sessionEnded: (state, session) => ({ ...state, ended: [...state.ended, session] }),
});

export interface AlarmShape {
  command: readonly [text: string, afterMs: number];
  result: boolean;
  query: string;
  answer: boolean;
  watch: null;
  event: string;
}

type Rung = readonly [text: string, revision: number, logTimeMs: number];

/** Rings texts after a time; knows through its neighbours whether a session lives. It keeps one "lock", named by the last text rung. */
class AlarmMachine implements StateMachine<AlarmShape> {
  alarms: (readonly [text: string, dueMs: number, session: number])[] = [];
  rung: Rung[] = [];
  private readonly neighbours: Neighbours;

  constructor(neighbours: Neighbours) {
    this.neighbours = neighbours;
  }

  apply([text, afterMs]: AlarmShape["command"], at: At): boolean {
    this.alarms.push([text, at.logTimeMs + afterMs, at.session]);
    this.alarms.sort((a, b) => a[1] - b[1] || (a[0] < b[0] ? -1 : 1));
    return this.neighbours.sessionLives(at.session);
  }

  dueMs(): number {
    return this.alarms[0]?.[1] ?? Infinity;
  }

  advance(at: At): void {
    while (this.dueMs() <= at.logTimeMs) this.rung.push([this.alarms.shift()![0], at.revision, at.logTimeMs]);
  }

  sessionEnded(session: number): void {
    this.alarms = this.alarms.filter((alarm) => alarm[2] !== session);
  }

  query(text: string): boolean {
    return this.rung.some(([rung]) => rung === text);
  }

  image(): Image {
    return recordImage([encodeCbor([this.alarms, this.rung])].values());
  }
}

const anyTime = checkNumber(0, Number.MAX_VALUE);
const checkState = checkTuple(
  checkList(checkTuple(checkText(100), anyTime, checkInt(0, Number.MAX_SAFE_INTEGER)), 1000),
  checkList(checkTuple(checkText(100), checkInt(0, Number.MAX_SAFE_INTEGER), anyTime), 1000),
);

export const alarms: MachineDefinition<AlarmShape> = {
  name: "alarms",
  version: 2,
  codecs: {
    command: cbor(checkTuple(checkText(100), checkNumber(0, 1e9))),
    result: cbor(checkOneOf(true, false)),
    query: cbor(checkText(100)),
    answer: cbor(checkOneOf(true, false)),
    watch: cbor(checkNull),
    event: cbor(checkText(100)),
  },
  create: (neighbours) => new AlarmMachine(neighbours),
  restore(neighbours, _version) {
    let state: ReturnType<typeof checkState> | null = null;
    return recordRestore(
      (record) => {
        state = checkState(decodeCbor(record));
      },
      () => {
        if (state === null) throw new TypeError("nothing was restored");
        const machine = new AlarmMachine(neighbours);
        [machine.alarms, machine.rung] = [[...state[0]], [...state[1]]];
        return machine;
      },
    );
  },
  lockKeeper: (machine) => ({
    holdsLock: (lock, token) =>
      (machine as AlarmMachine).rung.some(([text, revision]) => text === lock && revision === token),
  }),
};

/** Drives a composite one request at a time, as the only client of its log would. */
export class LogOfMachines {
  composite: Composite;
  nowMs = 0;
  /** Every batch so far, to run again elsewhere. */
  readonly batches: Uint8Array[] = [];
  private lastNonce = 1000;

  constructor(composite: Composite) {
    this.composite = composite;
  }

  /** Settlements of one batch of requests, in order. */
  batch(
    requests: readonly (readonly [RequestId, releasedTo: number, machine: string, command: Uint8Array])[],
  ): Settlement[] {
    const bytes = encodeBatch(
      this.nowMs,
      requests.map(([request, releasedTo, machine, command]) => ({ request, releasedTo, machine, command })),
    );
    this.batches.push(bytes);
    return repliesOf(this.composite, bytes);
  }

  call(session: number, number: number, machine: string, command: Uint8Array, releasedTo = 0): Settlement {
    return this.batch([[{ session, number }, releasedTo, machine, command]])[0]!;
  }

  note(session: number, number: number, text: string, releasedTo = 0): Settlement {
    return this.call(session, number, "notes", encodeCbor(text), releasedTo);
  }

  open(ttlMs: number, nonce: number = ++this.lastNonce): number {
    const settlement = this.call(0, nonce, SESSION_MACHINE, sessionCommands.encodeOpen({ ttlMs }));
    if (settlement.error !== "") throw new Error(`the opening was refused: ${settlement.error}`);
    return sessionResults.decodeOpened(settlement.bytes).session;
  }

  renew(session: number, number: number, releasedTo = 0): Settlement {
    return this.call(session, number, SESSION_MACHINE, sessionCommands.encodeRenew(), releasedTo);
  }

  close(session: number, number: number): Settlement {
    return this.call(session, number, SESSION_MACHINE, sessionCommands.encodeClose());
  }

  settle(session: number, number: number, settled: number, releasedTo = 0): Settlement {
    return this.call(session, number, SESSION_MACHINE, sessionCommands.encodeSettle(settled), releasedTo);
  }

  /** An empty batch `ms` later. */
  pass(ms: number): void {
    this.nowMs += ms;
    this.batch([]);
  }

  notes(): NotesState {
    return decodeCbor(this.composite.query("notes", encodeCbor(null))) as NotesState;
  }
}

export function repliesOf(composite: Composite, batch: Uint8Array): Settlement[] {
  const settlements: Settlement[] = [];
  composite.step(batch, (_request, settlement) => settlements.push(settlement));
  return settlements;
}

export function imageBytes(image: Image, bytesMax = 4096): Uint8Array {
  const chunks: Uint8Array[] = [];
  for (let chunk = image.next(bytesMax); chunk !== null; chunk = image.next(bytesMax)) chunks.push(chunk);
  image.release();
  return Buffer.concat(chunks);
}

/** A composite built from an image that is cut into chunks of `bytesMax`. */
export function restored(
  composite: Composite,
  bytes: Uint8Array = imageBytes(composite.image()),
  bytesMax = 100,
): Composite {
  const restore = composite.restore();
  for (let position = 0; position < bytes.length; position += bytesMax)
    restore.push(bytes.subarray(position, position + bytesMax));
  return restore.end();
}
