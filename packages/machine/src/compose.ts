import { type BatchCommand, decodeBatch, MACHINE_NAME_LENGTH_MAX } from "./batch.ts";
import { compositeImage, compositeRestore, type Counters } from "./composite-image.ts";
import type { Composite, Settlement } from "./composite.ts";
import { digestReply, digestStep } from "./digest.ts";
import { type Code, QuorateError, type RequestId } from "./errors.ts";
import { nextLogTimeMs } from "./log-time.ts";
import { SESSION_MACHINE, sessionCommands, sessionResults, type SettleResult } from "./session/command.ts";
import { type SessionLimits, sessionLimits } from "./session/limits.ts";
import { type Session, SessionTable } from "./session/table.ts";
import type {
  Image,
  LockKeeper,
  MachineDefinition,
  Neighbours,
  Restore,
  Shape,
  StateMachine,
  Watcher,
} from "./state-machine.ts";

/** A machine threw, or was sent what it does not understand. Alike on every replica, except for `error`. */
export interface MachineFault {
  readonly machine: string;
  readonly during: "apply" | "advance" | "sessionEnded";
  readonly revision: number;
  /** Null: no request was being applied. */
  readonly request: RequestId | null;
  /** What was thrown. */
  readonly error: unknown;
}

/** Options of `compose`. */
export interface ComposeOptions {
  /** Default `SESSION_LIMITS`. The same at every replica of the group, for ever: they decide what the log does. */
  readonly limits?: Partial<SessionLimits>;
  /** Told of every fault, to count and to report. It must not call back into the composite. Default: nobody is told. */
  readonly onFault?: (fault: MachineFault) => void;
}

const EMPTY: Uint8Array = new Uint8Array(0);
const utf8Encoder = new TextEncoder();

/**
 * One log's machines, with its sessions and its log time, as the replica drives them.
 *
 * A step is a command that a machine applied (or that made it throw), a command of sessions, a session ended for its size, or a clock step; each
 * takes the next revision. A refusal and the repetition of a settlement take none.
 *
 * @param definitions - in the order in which machines are told of a session's end and of time: the same on every replica.
 * @throws QuorateError `BAD_OPTION` for a name that is reserved, empty, too long or there twice, a version that is no positive integer,
 * two lock keepers, or limits that cannot be.
 */
export function compose(definitions: readonly MachineDefinition<Shape>[], options: ComposeOptions = {}): Composite {
  checkDefinitions(definitions);
  const neighbourhood = new Neighbourhood(new SessionTable(sessionLimits(options.limits ?? {})));
  const machines = definitions.map((definition) => definition.create(neighbourhood));
  const counters: Counters = { revision: 0, logTimeMs: 0, digest: 0 };
  return new ComposedMachine(definitions, options.onFault ?? ignoreFault, neighbourhood, machines, counters);
}

/** What machines may ask each other. */
class Neighbourhood implements Neighbours {
  readonly table: SessionTable;
  /** Set once the machines stand. */
  keeper: LockKeeper | null = null;

  constructor(table: SessionTable) {
    this.table = table;
  }

  holdsLock(lock: string, token: number): boolean {
    return this.keeper !== null && this.keeper.holdsLock(lock, token);
  }

  sessionLives(session: number): boolean {
    return this.table.lives(session);
  }
}

interface Part {
  readonly definition: MachineDefinition<Shape>;
  readonly machine: StateMachine<Shape>;
}

class ComposedMachine implements Composite {
  revision: number;
  logTimeMs: number;
  digest: number;
  private readonly definitions: readonly MachineDefinition<Shape>[];
  private readonly onFault: (fault: MachineFault) => void;
  private readonly table: SessionTable;
  private readonly parts: readonly Part[];
  private readonly partOf: ReadonlyMap<string, Part>;
  /** The one that machines are given; reused. */
  private readonly at = { revision: 0, logTimeMs: 0, session: 0 };

  constructor(
    definitions: readonly MachineDefinition<Shape>[],
    onFault: (fault: MachineFault) => void,
    neighbourhood: Neighbourhood,
    machines: readonly StateMachine<Shape>[],
    counters: Counters,
  ) {
    this.definitions = definitions;
    this.onFault = onFault;
    this.table = neighbourhood.table;
    this.parts = definitions.map((definition, index) => ({ definition, machine: machines[index]! }));
    this.partOf = new Map(this.parts.map((part) => [part.definition.name, part]));
    this.revision = counters.revision;
    this.logTimeMs = counters.logTimeMs;
    this.digest = counters.digest;
    for (const { definition, machine } of this.parts) {
      if (definition.lockKeeper !== undefined) neighbourhood.keeper = definition.lockKeeper(machine);
    }
  }

  step(batch: Uint8Array, reply: (request: RequestId, settlement: Settlement) => void): void {
    const { logTimeMs, commands } = decodeBatch(batch);
    this.logTimeMs = nextLogTimeMs(this.logTimeMs, logTimeMs);
    this.clockStep();
    for (const command of commands) {
      const settlement = command.request.session === 0 ? this.open(command) : this.perform(command);
      this.digest = digestReply(this.digest, command.request, settlement);
      reply(command.request, settlement);
    }
  }

  query(machine: string, query: Uint8Array): Uint8Array {
    const { definition, machine: asked } = this.find(machine);
    if (asked.query === undefined) throw refusedRequest(machine, "it answers no queries");
    const { codecs } = definition;
    const answer = asked.query(decodeRequest(machine, () => codecs.query.decode(query)));
    return codecs.answer.encode(answer);
  }

  watch(machine: string, request: Uint8Array, wake: () => void): Watcher<Uint8Array> {
    const { definition, machine: asked } = this.find(machine);
    if (asked.watch === undefined) throw refusedRequest(machine, "it cannot be watched");
    const { codecs } = definition;
    const watcher = asked.watch(
      decodeRequest(machine, () => codecs.watch.decode(request)),
      wake,
    );
    return {
      pull: (bytesMax) => watcher.pull(bytesMax).map((event) => codecs.event.encode(event)),
      close: () => watcher.close(),
    };
  }

  dueMs(): number {
    let dueMs = this.table.dueMs();
    for (const { machine } of this.parts) dueMs = Math.min(dueMs, machineDueMs(machine));
    return dueMs;
  }

  image(): Image {
    const machines = this.parts.map((part) => part.machine);
    return compositeImage(this, this.table, this.definitions, machines);
  }

  restore(): Restore<Composite> {
    const { definitions, onFault } = this;
    const neighbourhood = new Neighbourhood(new SessionTable(this.table.limits));
    return compositeRestore<Composite>(
      definitions,
      neighbourhood.table,
      (definition, version) => definition.restore(neighbourhood, version),
      (definition) => definition.create(neighbourhood),
      ({ counters, machines }) => new ComposedMachine(definitions, onFault, neighbourhood, machines, counters),
    );
  }

  /** Sessions first, so that no machine hands something to a session that ends in this same step. */
  private clockStep(): void {
    if (this.dueMs() > this.logTimeMs) return;
    this.nextStep(0);
    this.endSessions(this.table.expire(this.logTimeMs));
    for (const part of this.parts) {
      if (machineDueMs(part.machine) <= this.logTimeMs) {
        this.guard(part, "advance", () => part.machine.advance?.(this.stepAt(0)));
      }
    }
    this.digest = digestStep(this.digest, this.revision);
  }

  /** A request of session 0. A copy of one that opened a session that still lives has its result. */
  private open({ request, machine, command }: BatchCommand): Settlement {
    const ttlAskedMs = machine === SESSION_MACHINE ? openingTtlMs(command) : -1;
    if (ttlAskedMs < 0 || request.number < 1) return this.refusal("BAD_COMMAND");
    const { table } = this;
    let session = table.findByNonce(request.number);
    if (session === undefined) {
      if (table.count >= table.limits.sessionsMax)
        return this.refusal("OVERLOADED", "the log has as many sessions as it may");
      const ttlMs = Math.min(table.limits.ttlMsMax, Math.max(table.limits.ttlMsMin, ttlAskedMs));
      this.nextStep(0);
      session = table.open(this.revision, request.number, ttlMs, this.logTimeMs);
    }
    return {
      error: "",
      bytes: sessionResults.encodeOpened({ session: session.id, ttlMs: session.ttlMs }),
      revision: session.id,
      logTimeMs: session.openedMs,
    };
  }

  /** A request of a session: settled once, and its settlement is repeated until it is released (rule 23). */
  private perform(command: BatchCommand): Settlement {
    const { request, releasedTo, machine } = command;
    const { table } = this;
    const session = table.own(request.session);
    if (session === undefined) return this.refusal("SESSION_ENDED");
    table.release(session, releasedTo);
    const first = session.requests.find(request.number);
    if (first !== undefined) return first;
    if (request.number <= session.requests.releasedTo) return this.refusal("RELEASED");
    if (session.requests.count >= table.limits.settlementsMax) {
      this.nextStep(0);
      this.end(session);
      return this.refusal("SESSION_ENDED", "the session ended because it left too many results unreleased");
    }
    const isOfSession = machine === SESSION_MACHINE;
    const settlement = isOfSession ? this.applyToSession(session, command) : this.applyTo(session, command);
    // A close ended it: nothing is kept of an ended session.
    if (!isOfSession || table.lives(session.id)) table.keep(session, request.number, settlement);
    return settlement;
  }

  private applyTo(session: Session, { request, machine, command }: BatchCommand): Settlement {
    const part = this.partOf.get(machine);
    if (part === undefined) return this.refusal("UNKNOWN_MACHINE");
    if (this.table.overloaded(session))
      return this.refusal("OVERLOADED", "the session has too many unreleased results");
    this.nextStep(session.id);
    const { codecs } = part.definition;
    let what = "the machine does not understand the command";
    try {
      const decoded = codecs.command.decode(command);
      what = "the machine failed at the command";
      return this.result(codecs.result.encode(part.machine.apply(decoded, this.at)));
    } catch (error) {
      return this.fault(machine, request, error, what);
    }
  }

  private applyToSession(session: Session, { request, command }: BatchCommand): Settlement {
    const { table } = this;
    this.nextStep(session.id);
    try {
      const decoded = sessionCommands.decode(command);
      switch (decoded.kind) {
        case "open":
          throw new TypeError("a session cannot open another: send the opening as a request of session 0");
        case "renew":
          table.renew(session, this.logTimeMs);
          return this.result(
            sessionResults.encodeRenewed({
              ttlMs: session.ttlMs,
              expiresAtLogTimeMs: session.renewedMs + session.ttlMs,
            }),
          );
        case "close":
          this.end(session);
          return this.result(sessionResults.encodeClosed());
        case "settle":
          if (decoded.number === request.number) throw new TypeError("a request cannot settle itself");
          return this.result(sessionResults.encodeSettled(this.settle(session, decoded.number)));
      }
    } catch (error) {
      return this.fault(SESSION_MACHINE, request, error, "not a command of sessions");
    }
  }

  /** Asking decides: what was not applied by now never will be. */
  private settle(session: Session, number: number): SettleResult {
    if (number <= session.requests.releasedTo) return { outcome: "forgotten" };
    const settlement = session.requests.find(number);
    if (settlement === undefined) {
      this.table.keep(session, number, this.refusal("BURNT"));
      return { outcome: "not-applied" };
    }
    // Only an application has a revision; every refusal has burnt its number.
    return settlement.revision === 0 ? { outcome: "not-applied" } : { outcome: "applied", settlement };
  }

  private end(session: Session): void {
    this.table.end(session.id);
    this.endSessions([session.id]);
  }

  /** Tells the machines of sessions that the table no longer has. */
  private endSessions(ids: readonly number[]): void {
    for (const id of ids) {
      for (const part of this.parts) {
        this.guard(part, "sessionEnded", () => part.machine.sessionEnded?.(id, this.stepAt(0)));
      }
    }
  }

  private nextStep(session: number): void {
    this.revision++;
    this.stepAt(session);
  }

  private stepAt(session: number): { revision: number; logTimeMs: number; session: number } {
    const { at } = this;
    at.revision = this.revision;
    at.logTimeMs = this.logTimeMs;
    at.session = session;
    return at;
  }

  private result(bytes: Uint8Array): Settlement {
    return { error: "", bytes, revision: this.revision, logTimeMs: this.logTimeMs };
  }

  /** Was not applied. Kept under a number, it burns it. */
  private refusal(error: Code, words: string = ""): Settlement {
    return { error, bytes: words === "" ? EMPTY : utf8Encoder.encode(words), revision: 0, logTimeMs: this.logTimeMs };
  }

  /** The words say nothing of what was thrown: that may differ between engines and versions, and replicas must not. */
  private fault(machine: string, request: RequestId, error: unknown, words: string): Settlement {
    this.onFault({ machine, during: "apply", revision: this.revision, request, error });
    return {
      error: "MACHINE_FAULT",
      bytes: utf8Encoder.encode(words),
      revision: this.revision,
      logTimeMs: this.logTimeMs,
    };
  }

  /** A machine that throws at time or at a session's end must not stop the others: the step goes on, alike on every replica. */
  private guard(part: Part, during: "advance" | "sessionEnded", run: () => void): void {
    try {
      run();
    } catch (error) {
      this.onFault({ machine: part.definition.name, during, revision: this.revision, request: null, error });
    }
  }

  private find(machine: string): Part {
    const part = this.partOf.get(machine);
    if (part === undefined) {
      throw new QuorateError(
        "UNKNOWN_MACHINE",
        "not-applied",
        `No machine "${machine}" is part of this log; there are ${[...this.partOf.keys()].join(", ")}.`,
        { machine },
      );
    }
    return part;
  }
}

function ignoreFault(): void {}

function machineDueMs(machine: StateMachine<Shape>): number {
  return machine.dueMs === undefined ? Infinity : machine.dueMs();
}

/** The lifetime that an opening asks for; −1 if it is none. */
function openingTtlMs(command: Uint8Array): number {
  try {
    const decoded = sessionCommands.decode(command);
    return decoded.kind === "open" ? decoded.ttlMs : -1;
  } catch {
    // Whatever these bytes are, they open nothing, and the request is told so.
    return -1;
  }
}

function decodeRequest<T>(machine: string, decode: () => T): T {
  try {
    return decode();
  } catch (cause) {
    throw refusedRequest(machine, "it does not understand the request", cause);
  }
}

function refusedRequest(machine: string, what: string, cause?: unknown): QuorateError {
  return new QuorateError("BAD_COMMAND", "not-applied", `Machine "${machine}": ${what}.`, { machine }, null, cause);
}

function checkDefinitions(definitions: readonly MachineDefinition<Shape>[]): void {
  const names = new Set<string>();
  let keepers = 0;
  for (const { name, version, lockKeeper } of definitions) {
    if (name.length < 1 || name.length > MACHINE_NAME_LENGTH_MAX) {
      throw badDefinition(`the name "${name}" must have 1 to ${MACHINE_NAME_LENGTH_MAX} characters`);
    }
    if (name === SESSION_MACHINE) throw badDefinition(`the name "${name}" is reserved for sessions`);
    if (names.has(name)) throw badDefinition(`two machines are named "${name}"`);
    if (!Number.isSafeInteger(version) || version < 1)
      throw badDefinition(`version ${version} of "${name}" is no positive integer`);
    names.add(name);
    if (lockKeeper !== undefined && ++keepers > 1)
      throw badDefinition("two machines keep locks; tokens of which would hold?");
  }
}

function badDefinition(what: string): QuorateError {
  return new QuorateError("BAD_OPTION", "not-applied", `Composing machines: ${what}.`);
}
