import { cbor, decodeCbor } from "./cbor.ts";
import {
  type Check,
  checkBytes,
  checkInt,
  checkList,
  checkNumber,
  checkOneOf,
  checkText,
  checkTuple,
} from "./check.ts";
import { MACHINE_NAME_LENGTH_MAX } from "./batch.ts";
import type { Codec } from "./codec.ts";
import { type Code, codes, QuorateError } from "./errors.ts";
import { corruptImage, recordImage, recordRestore } from "./record-image.ts";
import type { SessionLimits } from "./session/limits.ts";
import type { Session, SessionTable } from "./session/table.ts";
import type { Image, MachineDefinition, Restore, Shape, StateMachine } from "./state-machine.ts";

/**
 * The image of all machines of a log, as records (`recordImage`):
 * head · for each session, by id: the session, then its settlements, by number · for each machine: its chunks, then an empty record.
 */

/** First item of the head. */
const FORMAT = 1;
/** A machine's chunks are always cut alike, however the image around them is: so equal states give equal bytes. */
const MACHINE_CHUNK_BYTES = 64 << 10;
const MACHINES_MAX = 1_000;
const NUMBER_MAX = Number.MAX_SAFE_INTEGER;
const EMPTY: Uint8Array = new Uint8Array(0);

/** What stands beside machines and sessions. */
export interface Counters {
  readonly revision: number;
  readonly logTimeMs: number;
  readonly digest: number;
}

const checkNatural: Check<number> = checkInt(0, NUMBER_MAX);
const checkTimeMs: Check<number> = checkNumber(0, Number.MAX_VALUE);

type Head = readonly [
  format: number,
  revision: number,
  logTimeMs: number,
  digest: number,
  limits: readonly number[],
  sessionCount: number,
  machines: readonly (readonly [name: string, version: number])[],
];
/** The first record of every image. */
export const head: Codec<Head> = cbor(
  checkTuple(
    checkOneOf(FORMAT),
    checkNatural,
    checkTimeMs,
    checkInt(0, 0xffffffff),
    checkList(checkNatural, 16),
    checkNatural,
    checkList(checkTuple(checkText(MACHINE_NAME_LENGTH_MAX), checkInt(1, NUMBER_MAX)), MACHINES_MAX),
  ),
);

type SessionTuple = readonly [
  id: number,
  nonce: number,
  ttlMs: number,
  openedMs: number,
  renewedMs: number,
  releasedTo: number,
  settlementCount: number,
];
const sessionTuple: Codec<SessionTuple> = cbor(
  checkTuple(checkInt(1, NUMBER_MAX), checkNatural, checkTimeMs, checkTimeMs, checkTimeMs, checkNatural, checkNatural),
);

type SettlementTuple = readonly [
  number: number,
  error: Code | "",
  bytes: Uint8Array,
  revision: number,
  logTimeMs: number,
];
const settlementTuple: Codec<SettlementTuple> = cbor(
  checkTuple(
    checkInt(1, NUMBER_MAX),
    checkOneOf<readonly (Code | "")[]>("", ...codes.map(({ code }) => code)),
    checkBytes(NUMBER_MAX),
    checkNatural,
    checkTimeMs,
  ),
);

/** Freezes everything now; encodes when pulled. */
export function compositeImage(
  counters: Counters,
  table: SessionTable,
  definitions: readonly MachineDefinition<Shape>[],
  machines: readonly StateMachine<Shape>[],
): Image {
  const { revision, logTimeMs, digest } = counters;
  const names = definitions.map(({ name, version }) => [name, version] as const);
  const sessions = table.freeze();
  const images = machines.map((machine) => machine.image());
  const headRecord = head.encode([
    FORMAT,
    revision,
    logTimeMs,
    digest,
    limitsList(table.limits),
    sessions.length,
    names,
  ]);
  return recordImage(records(headRecord, sessions, images), () => {
    for (const image of images) image.release();
  });
}

function* records(
  headRecord: Uint8Array,
  sessions: readonly Session[],
  images: readonly Image[],
): Generator<Uint8Array, void> {
  yield headRecord;
  for (const { id, nonce, ttlMs, openedMs, renewedMs, requests } of sessions) {
    const settlements = requests.sorted();
    yield sessionTuple.encode([id, nonce, ttlMs, openedMs, renewedMs, requests.releasedTo, settlements.length]);
    for (const [number, { error, bytes, revision, logTimeMs }] of settlements) {
      yield settlementTuple.encode([number, error, bytes, revision, logTimeMs]);
    }
  }
  for (const image of images) {
    for (let chunk = image.next(MACHINE_CHUNK_BYTES); chunk !== null; chunk = image.next(MACHINE_CHUNK_BYTES)) {
      if (chunk.length > 0) yield chunk;
    }
    yield EMPTY;
  }
}

/** What an image held, in the order of the definitions. */
export interface Restored {
  readonly counters: Counters;
  readonly machines: readonly StateMachine<Shape>[];
}

/**
 * Reads `compositeImage`, with its chunks cut anyhow, into an empty `table` and new machines. A machine that the image does not know yet
 * begins anew.
 *
 * @param restoreMachine - begins the restore of one machine.
 * @param createMachine - makes a machine of which the image holds nothing.
 * @returns throws QuorateError `UNKNOWN_MACHINE` for a name that no definition has, `LOG_NEWER` for a version above its definition's, `BAD_OPTION`
 * for other limits of sessions, `LOG_CORRUPT` for an image that is cut or damaged.
 */
export function compositeRestore<M>(
  definitions: readonly MachineDefinition<Shape>[],
  table: SessionTable,
  restoreMachine: (definition: MachineDefinition<Shape>, version: number) => Restore<StateMachine<Shape>>,
  createMachine: (definition: MachineDefinition<Shape>) => StateMachine<Shape>,
  finish: (restored: Restored) => M,
): Restore<M> {
  const reader = new ImageReader(definitions, table, restoreMachine);
  return recordRestore(
    (record) => reader.record(record),
    () => {
      const { counters, machines } = reader.end();
      return finish({
        counters,
        machines: definitions.map((definition) => machines.get(definition.name) ?? createMachine(definition)),
      });
    },
  );
}

/** Takes the records in their order, and knows at each which one comes next. */
class ImageReader {
  private readonly definitions: readonly MachineDefinition<Shape>[];
  private readonly table: SessionTable;
  private readonly restoreMachine: (
    definition: MachineDefinition<Shape>,
    version: number,
  ) => Restore<StateMachine<Shape>>;
  private readonly machines = new Map<string, StateMachine<Shape>>();
  private counters: Counters | null = null;
  private sessionsLeft = 0;
  private settlementsLeft = 0;
  private session: Session | null = null;
  private lastId = 0;
  private lastNumber = 0;
  /** The machines of the image that are still to come; the first is at hand. */
  private sections: { readonly name: string; readonly restore: Restore<StateMachine<Shape>> }[] = [];

  constructor(
    definitions: readonly MachineDefinition<Shape>[],
    table: SessionTable,
    restoreMachine: (definition: MachineDefinition<Shape>, version: number) => Restore<StateMachine<Shape>>,
  ) {
    this.definitions = definitions;
    this.table = table;
    this.restoreMachine = restoreMachine;
  }

  record(bytes: Uint8Array): void {
    if (this.counters === null) this.readHead(bytes);
    else if (this.settlementsLeft > 0) this.readSettlement(bytes);
    else if (this.sessionsLeft > 0) this.readSession(bytes);
    else this.readMachine(bytes);
  }

  end(): { readonly counters: Counters; readonly machines: ReadonlyMap<string, StateMachine<Shape>> } {
    if (this.counters === null || this.sessionsLeft > 0 || this.settlementsLeft > 0 || this.sections.length > 0) {
      throw corruptImage("it is not whole");
    }
    return { counters: this.counters, machines: this.machines };
  }

  private readHead(bytes: Uint8Array): void {
    refuseNewerFormat(bytes);
    const [, revision, logTimeMs, digest, limits, sessionCount, machines] = decoded(head, bytes);
    const expected = limitsList(this.table.limits);
    if (limits.length !== expected.length || limits.some((limit, index) => limit !== expected[index])) {
      throw new QuorateError(
        "BAD_OPTION",
        "not-applied",
        `Restoring an image: it was made under other limits of sessions (${limits.join(", ")}) than this node has (${expected.join(", ")}). Start all nodes of the group with the same.`,
      );
    }
    for (const [name, version] of machines) {
      if (this.sections.some((section) => section.name === name))
        throw corruptImage(`it holds machine "${name}" twice`);
      this.sections.push({ name, restore: this.restoreMachine(this.definitionOf(name, version), version) });
    }
    this.counters = { revision, logTimeMs, digest };
    this.sessionsLeft = sessionCount;
  }

  private definitionOf(name: string, version: number): MachineDefinition<Shape> {
    const definition = this.definitions.find((candidate) => candidate.name === name);
    if (definition === undefined) {
      throw new QuorateError(
        "UNKNOWN_MACHINE",
        "not-applied",
        `Restoring an image: it holds a machine "${name}", which this node does not have. Start the node with that machine.`,
        { machine: name },
      );
    }
    if (version > definition.version) {
      throw new QuorateError(
        "LOG_NEWER",
        "not-applied",
        `Restoring an image: machine "${name}" is of version ${version}, this node knows it up to ${definition.version}. Start the newer program.`,
        { machine: name, version, versionMax: definition.version },
      );
    }
    return definition;
  }

  private readSession(bytes: Uint8Array): void {
    const [id, nonce, ttlMs, openedMs, renewedMs, releasedTo, settlementCount] = decoded(sessionTuple, bytes);
    if (id <= this.lastId) throw corruptImage("its sessions are out of order");
    this.session = this.table.add(id, nonce, ttlMs, openedMs, renewedMs);
    this.session.requests.release(releasedTo);
    this.lastId = id;
    this.lastNumber = releasedTo;
    this.sessionsLeft--;
    this.settlementsLeft = settlementCount;
  }

  private readSettlement(bytes: Uint8Array): void {
    const [number, error, result, revision, logTimeMs] = decoded(settlementTuple, bytes);
    if (number <= this.lastNumber) throw corruptImage("its settlements are out of order");
    this.table.keep(this.session!, number, { error, bytes: result, revision, logTimeMs });
    this.lastNumber = number;
    this.settlementsLeft--;
  }

  private readMachine(bytes: Uint8Array): void {
    const section = this.sections[0];
    if (section === undefined) throw corruptImage("something follows its last machine");
    try {
      if (bytes.length > 0) {
        section.restore.push(bytes);
        return;
      }
      this.machines.set(section.name, section.restore.end());
    } catch (cause) {
      if (cause instanceof QuorateError) throw cause;
      throw corruptImage(`machine "${section.name}" refuses its part (${String(cause)})`, cause);
    }
    this.sections.shift();
  }
}

/** Said before the rest is looked at: a newer head may have any shape. */
export function refuseNewerFormat(bytes: Uint8Array): void {
  let value: unknown;
  try {
    value = decodeCbor(bytes);
  } catch (cause) {
    throw corruptImage("its head does not decode", cause);
  }
  const format: unknown = Array.isArray(value) ? value[0] : undefined;
  if (typeof format === "number" && format > FORMAT) {
    throw new QuorateError(
      "LOG_NEWER",
      "not-applied",
      `Restoring an image: it is of format ${format}, this node knows formats up to ${FORMAT}. Start the newer program.`,
      { format, formatMax: FORMAT },
    );
  }
}

/** Reads one record. Throws `LOG_CORRUPT`. */
export function decoded<T>(codec: Codec<T>, bytes: Uint8Array): T {
  try {
    return codec.decode(bytes);
  } catch (cause) {
    throw corruptImage("a record of it does not decode", cause);
  }
}

function limitsList(limits: SessionLimits): readonly number[] {
  const { sessionsMax, ttlMsMin, ttlMsMax, resultsMax, settlementsMax, resultBytesMax, resultBytesTotalMax } = limits;
  return [sessionsMax, ttlMsMin, ttlMsMax, resultsMax, settlementsMax, resultBytesMax, resultBytesTotalMax];
}
