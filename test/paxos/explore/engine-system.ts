import {
  type Ballot,
  ballotOf,
  createEngine,
  type Durable,
  type DurableRecord,
  type Engine,
  type Entry,
  InvariantError,
  type Message,
  showBallot,
  type Speaker,
} from "@quorate/paxos";
import { configOf, emptyDurable, incarnationOf, majorityOf } from "../cluster.ts";
import { synced, type Unsynced } from "./disk.ts";
import type { System, Violation } from "./explorer.ts";
import { checkFacts, type Facts, valueOf } from "./facts.ts";
import { Numbered } from "./numbered.ts";
import { StateTable } from "./state-table.ts";

/** What is searched. */
export interface Scope {
  /** Voters, majority quorums. */
  readonly nodes: number;
  /** The lowest so many ballots may be campaigned in, in any order, at the same time or never. */
  readonly ballots: number;
  /** Accepts and learns of slots above are lost on the way. */
  readonly slots: number;
  /** Whether one node, any, loses what was not durable once, at any moment, and starts again. */
  readonly crashes: boolean;
  /** Whether the disk of the node that is going to crash may sync late; if not, it stands still from some moment on. */
  readonly lateSyncs: boolean;
}

/** One node, and everything it ever said: all that the others and the checks can know of it. */
interface Process {
  readonly node: number;
  /** Never given an input: copies are. */
  readonly engine: Engine;
  readonly durable: Durable;
  readonly unsynced: readonly Unsynced[];
  /** The promised ballot of the records handed out so far. */
  readonly promised: Ballot;
  readonly opening: Ballot;
  /** startSlot of the ballot that it follows; the engine's fingerprint has it, too. */
  readonly startSlot: number;
  readonly chosen: readonly Entry[];
  /** Numbers of messages, ascending. */
  readonly said: readonly number[];
  readonly facts: Facts;
  readonly violation: Violation | null;
  /** Equal for processes that differ at most in what they said. */
  readonly core: string;
}

interface Addressed {
  readonly from: number;
  readonly to: number;
  readonly message: Message;
}

/** An input. `message` ≥ 0: receives that message. */
type Action = "campaign" | "propose" | "sync" | "crash" | { readonly message: number };

const NOT_ALLOWED = -1;

/**
 * This very engine as a system of processes. Messages are never lost from the set, so that every order, loss and
 * duplication is in it; time stands still, and what a timeout would do is the action *campaign*; with each output a
 * leader beats, since a heartbeat may come at any time; each group of records is made durable by an action of its own,
 * the oldest first. A crash loses what was not durable. Left out as counters: heartbeat rounds, sequence numbers, write
 * units, lives. What is chosen is applied at once.
 *
 * Every process is a state machine of its own, so what an input does to one is computed once and then looked up: the
 * search itself is arithmetic on numbers.
 *
 * Three reductions. A message that a process answers without changing is answered at once: nothing that was said ever
 * forbids a step or mends a violation, so whoever said more can do, and be caught doing, all that whoever said less can.
 * A later sync only says less, since what a step does to a node does not depend on how far its disk is; so disks sync at
 * once, but for the one node that is going to crash: a crash leaves a beginning of its records, so its disk syncs at once
 * up to there and then stands still (`lateSyncs` does without this part, and lets that disk sync late). And `resign` is
 * not delivered: it moves the beginning of the next campaign, which is free here.
 */
export class EngineSystem implements System {
  readonly width: number;
  readonly firsts: readonly (readonly number[])[];
  private readonly scope: Scope;
  private readonly ballotMax: Ballot;
  private readonly processes = new Numbered<Process>();
  private readonly messages = new Numbered<Addressed>();
  /** The numbers of a process's messages to each node, as one number. */
  private readonly mail = new Numbered<readonly number[]>();
  private readonly mailTo: Int32Array[] = [];
  private readonly factsOf: number[] = [];
  private readonly facts = new Numbered<Facts>();
  /** By process: what each message makes of it. */
  private readonly received: Map<number, number>[] = [];
  /** By process and mail: all different processes that one of these messages makes of it. */
  private readonly afterMail: Map<number, Int32Array>[] = [];
  /** By process and mail: it, after everything in the mail that it merely answers. */
  private readonly answered: Map<number, number>[] = [];
  private readonly afterAction: (Int32Array | null)[] = [];
  private readonly afterActionOrSync: (Int32Array | null)[] = [];
  private readonly afterSync: number[] = [];
  private readonly afterCrash: number[] = [];
  /** The pasts that were checked. */
  private readonly checked: StateTable;
  private readonly past: Int32Array;

  constructor(scope: Scope) {
    this.scope = scope;
    this.width = scope.nodes + 1;
    this.checked = new StateTable(scope.nodes);
    this.past = new Int32Array(scope.nodes);
    const last = scope.ballots - 1;
    this.ballotMax = ballotOf(1 + Math.floor(last / scope.nodes), 1 + (last % scope.nodes));
    const start = this.nodes().map((node) => this.start(node));
    this.firsts = [[...start, scope.crashes ? scope.nodes + 1 : 0]];
  }

  private nodes(): number[] {
    return Array.from({ length: this.scope.nodes }, (_, index) => index + 1);
  }

  /** How many different states of one process were met. */
  get processCount(): number {
    return this.processes.size;
  }

  get messageCount(): number {
    return this.messages.size;
  }

  // ── the search ──

  successors(state: Int32Array, next: Int32Array, arrived: () => void): void {
    const { nodes } = this.scope;
    const victim = state[nodes]!;
    const reached = (): void => {
      this.settle(next);
      arrived();
      next.set(state);
    };
    for (let index = 0; index < nodes; index++) {
      const process = state[index]!;
      const becomes = (after: Int32Array): void => {
        for (let at = 0; at < after.length; at++) {
          next[index] = after[at]!;
          reached();
          if (victim <= nodes || this.processes.at(after[at]!).unsynced.length === 0) continue;
          next[index] = after[at]!;
          next[nodes] = index + 1;
          reached();
        }
      };
      becomes(this.afterOwnAction(process, index + 1 === victim && this.scope.lateSyncs));
      for (let other = 0; other < nodes; other++)
        if (other !== index) becomes(this.afterAllOf(process, this.mailTo[state[other]!]![index]!));
      if (victim > nodes || index + 1 === victim) {
        next[index] = this.crashed(process);
        next[nodes] = 0;
        reached();
      }
    }
  }

  /** What does not hold in `state`, where its past was not looked at before. */
  violation(state: Int32Array): Violation | null {
    const { nodes } = this.scope;
    for (let index = 0; index < nodes; index++) {
      const { violation } = this.processes.at(state[index]!);
      if (violation !== null) return violation;
      this.past[index] = this.factsOf[state[index]!]!;
    }
    if (!this.checked.add(this.past, -1)) return null;
    return checkFacts([...this.past].map((facts) => this.facts.at(facts)));
  }

  label(state: Int32Array, next: Int32Array): string {
    const { nodes } = this.scope;
    const coreAt = (of: Int32Array, index: number): string => this.processes.at(of[index]!).core;
    const index = this.nodes().findIndex((_, at) => coreAt(state, at) !== coreAt(next, at));
    const late = state[nodes]! > nodes && next[nodes]! > 0 && next[nodes]! <= nodes;
    const node = `node ${index + 1}${late ? " (its disk stands still from here on)" : ""}`;
    if (next[nodes] === 0 && state[nodes] !== 0) return `${node} loses what was not durable and starts again`;
    const makes = (after: number): boolean => {
      if (after === NOT_ALLOWED) return false;
      const settled = index + 1 === next[nodes] ? after : this.allSynced(after);
      return this.processes.at(settled).core === coreAt(next, index);
    };
    for (const action of ["campaign", "propose", "sync"] as const)
      if (makes(this.step(state[index]!, action))) return `${node}: ${action}`;
    for (let other = 0; other < nodes; other++) {
      if (other === index) continue;
      for (const message of this.mail.at(this.mailTo[state[other]!]![index]!))
        if (makes(this.afterMessage(state[index]!, message)))
          return `node ${other + 1} → ${node}: ${showMessage(this.messages.at(message).message)}`;
    }
    return `${node}: answers`;
  }

  /** The disks of all but the victim sync; every process answers what it can answer without changing, until nothing new is said. */
  private settle(state: Int32Array): void {
    const { nodes } = this.scope;
    for (let index = 0; index < nodes; index++)
      if (index + 1 !== state[nodes]) state[index] = this.allSynced(state[index]!);
    for (let again = true; again;) {
      again = false;
      for (let index = 0; index < nodes; index++) {
        const before = state[index]!;
        let after = before;
        for (let other = 0; other < nodes; other++)
          if (other !== index) after = this.afterAnswers(after, this.mailTo[state[other]!]![index]!);
        if (after === before) continue;
        state[index] = after;
        again = true;
      }
    }
  }

  private allSynced(process: number): number {
    const known = this.afterSync[process];
    if (known !== undefined) return known;
    let after = process;
    for (let next = this.step(after, "sync"); next !== NOT_ALLOWED; next = this.step(after, "sync")) after = next;
    return (this.afterSync[process] = after);
  }

  private afterAnswers(process: number, mail: number): number {
    const known = this.answered[process]!.get(mail);
    if (known !== undefined) return known;
    let after = process;
    for (const message of this.mail.at(mail)) {
      const next = this.afterMessage(after, message);
      if (this.processes.at(next).core === this.processes.at(after).core) after = next;
    }
    this.answered[process]!.set(mail, after);
    return after;
  }

  private afterOwnAction(process: number, syncs: boolean): Int32Array {
    const table = syncs ? this.afterActionOrSync : this.afterAction;
    const known = table[process];
    if (known) return known;
    const actions: Action[] = syncs ? ["campaign", "propose", "sync"] : ["campaign", "propose"];
    const after = actions.map((action) => this.step(process, action));
    const different = [...new Set(after)].filter((one) => one !== NOT_ALLOWED && one !== process);
    return (table[process] = Int32Array.from(different));
  }

  private afterAllOf(process: number, mail: number): Int32Array {
    const known = this.afterMail[process]!.get(mail);
    if (known !== undefined) return known;
    const after = this.mail.at(mail).map((message) => this.afterMessage(process, message));
    const different = Int32Array.from(new Set(after.filter((one) => one !== process)));
    this.afterMail[process]!.set(mail, different);
    return different;
  }

  private afterMessage(process: number, message: number): number {
    const known = this.received[process]!.get(message);
    if (known !== undefined) return known;
    const after = this.step(process, { message });
    this.received[process]!.set(message, after);
    return after;
  }

  private crashed(process: number): number {
    const known = this.afterCrash[process];
    return known ?? (this.afterCrash[process] = this.step(process, "crash"));
  }

  // ── one process ──

  private start(node: number): number {
    const durable = emptyDurable(majorityOf(...this.nodes()));
    const engine = this.engineOver(node, durable);
    const facts: Facts = { promised: 0, votes: [], known: [], asked: [] };
    return this.take({
      node,
      engine,
      durable,
      unsynced: [],
      promised: 0,
      opening: 0,
      startSlot: 0,
      chosen: [],
      said: [],
      facts,
      violation: null,
      core: "",
    });
  }

  private engineOver(node: number, durable: Durable): Engine {
    const engine = createEngine(configOf(node, 1, { heartbeatMs: 0, electionTimeoutMs: 1e9 }), durable);
    engine.tick(0);
    return engine;
  }

  private step(number: number, action: Action): number {
    const process = this.processes.at(number);
    if (process.violation !== null) return typeof action === "object" ? number : NOT_ALLOWED;
    if (action === "sync") return process.unsynced.length === 0 ? NOT_ALLOWED : this.sync(process);
    if (action === "crash") {
      const engine = this.engineOver(process.node, process.durable);
      const { promised } = process.durable;
      return this.take({ ...process, engine, unsynced: [], promised, opening: 0, chosen: [] });
    }
    const engine = process.engine.copy();
    let learned = false;
    let { startSlot } = process;
    try {
      if (action === "campaign") engine.campaignNow();
      else if (action === "propose") {
        if (process.opening === 0 || engine.propose(process.opening, Uint8Array.of(process.node)) !== "taken")
          return NOT_ALLOWED;
      } else {
        const { from, message } = this.messages.at(action.message);
        learned = message.kind === "learn";
        if ((message.kind === "accept" || message.kind === "heartbeat") && message.ballot >= process.promised)
          startSlot = message.startSlot;
        engine.receive(speakerOf(from), message);
      }
    } catch (error) {
      return this.number(brokenBy(process, error));
    }
    const after = this.outputs({ ...process, engine, startSlot }, learned);
    if (action === "campaign" && (after.promised > this.ballotMax || after.promised === process.promised))
      return NOT_ALLOWED;
    if (action === "propose") {
      const records = after.unsynced.slice(process.unsynced.length).flatMap((one) => one.records);
      if (records.some((one) => one.kind === "accepted" && one.entry.slot > this.scope.slots)) return NOT_ALLOWED;
    }
    return this.number(after);
  }

  private sync(process: Process): number {
    const [oldest, ...unsynced] = process.unsynced;
    const durable = synced(process.durable, oldest!);
    if (durable.promised < process.durable.promised)
      return this.number({ ...process, violation: { invariant: "A1", why: "the durable promise goes back" } });
    const cast = oldest!.learned ? [] : oldest!.records.filter((record) => record.kind === "accepted");
    const votes = cast.map(({ entry }) => ({ slot: entry.slot, ballot: entry.ballot, value: valueOf(entry) }));
    const facts = { ...process.facts, promised: durable.promised, votes: [...process.facts.votes, ...votes] };
    const engine = process.engine.copy();
    try {
      engine.persisted(oldest!.seq, 0);
    } catch (error) {
      return this.number(brokenBy(process, error));
    }
    return this.take({ ...process, engine, durable, unsynced, facts });
  }

  /** Takes all that the engine wants done, and the number of what it has become. */
  private take(process: Process): number {
    return this.number(this.outputs(process, false));
  }

  private outputs(process: Process, learned: boolean): Process {
    const { engine, node } = process;
    let { promised, violation } = process;
    const unsynced = [...process.unsynced];
    const chosen = [...process.chosen];
    const said = new Set(process.said);
    const known = [...process.facts.known];
    const asked = [...process.facts.asked];
    let opening: Ballot;
    try {
      for (;;) {
        const out = engine.output();
        opening = out.opening;
        for (const record of out.records) {
          if (record.kind === "promised") promised = record.ballot;
          if (!learned) violation ??= wrongVote(promised, record);
        }
        if (out.records.length > 0) {
          const last = unsynced[unsynced.length - 1];
          unsynced.push({ seq: out.seq, records: out.records, learned });
          if (last !== undefined && last.learned !== learned && last.seq === out.seq)
            throw new Error("two groups of one seq");
        }
        for (const { to, message } of out.sends) {
          if (isBeyond(message, this.scope.slots) || message.kind === "resign") continue;
          violation ??= notOnDisk(process, message);
          if (message.kind === "accept")
            for (const entry of message.entries)
              asked.push({ slot: entry.slot, ballot: message.ballot, value: valueOf(entry) });
          for (const receiver of to) said.add(this.messageOf(node, receiver, message));
        }
        chosen.push(...out.chosen);
        for (const { to, slotFrom } of out.supply) {
          const entries = chosen.filter((entry) => entry.slot >= slotFrom);
          const message: Message = { kind: "learn", entries, floors: [], chosenTo: out.chosenTo };
          if (entries.length > 0 && !isBeyond(message, this.scope.slots)) said.add(this.messageOf(node, to, message));
        }
        for (const entry of out.chosen) known.push({ slot: entry.slot, value: valueOf(entry) });
        if (out.chosen.length === 0) break;
        engine.applied(out.chosenTo);
      }
    } catch (error) {
      return brokenBy(process, error);
    }
    const facts: Facts = {
      promised: process.facts.promised,
      votes: process.facts.votes,
      known: different(known),
      asked: different(asked),
    };
    const numbers = [...said].sort((one, other) => one - other);
    return { ...process, promised, opening, chosen, unsynced, said: numbers, facts, violation };
  }

  private number(process: Process): number {
    const { node, engine, durable, unsynced, promised, opening, said, facts, violation } = process;
    const votes = different(facts.votes);
    const held = durable.accepted.map((entry) => [entry.slot, entry.ballot, valueOf(entry)]);
    const waiting = unsynced.map((one) => [one.learned, one.records.map(recordKey)]);
    const disk = [durable.promised, durable.chosenTo, held];
    const factsKey = JSON.stringify([facts.promised, votes, facts.known, facts.asked]);
    const core = [
      node,
      violation === null ? engine.fingerprint() : JSON.stringify(violation),
      JSON.stringify([disk, waiting, promised, opening]),
      factsKey,
    ].join("|");
    return this.processes.of(`${core}|${said.join()}`, () => {
      this.factsOf.push(this.facts.of(factsKey, () => ({ ...facts, votes })));
      this.mailTo.push(Int32Array.from(this.nodes().map((to) => this.mailOf(said, to))));
      this.received.push(new Map());
      this.afterMail.push(new Map());
      this.answered.push(new Map());
      return { ...process, facts: { ...facts, votes }, core };
    });
  }

  private mailOf(said: readonly number[], to: number): number {
    const mail = said.filter((number) => this.messages.at(number).to === to);
    return this.mail.of(mail.join(), () => mail);
  }

  private messageOf(from: number, to: number, message: Message): number {
    const plain = "round" in message ? { ...message, round: 0 } : message;
    const text = JSON.stringify(plain, (_, item: unknown) => (item instanceof Uint8Array ? item.join() : item));
    return this.messages.of(`${from} ${to} ${text}`, () => ({ from, to, message: plain }));
  }
}

function speakerOf(node: number): Speaker {
  return { node, incarnation: incarnationOf(node), life: 1, unit: 0 };
}

/** An assertion of the engine did not hold. */
function brokenBy(process: Process, error: unknown): Process {
  if (!(error instanceof InvariantError)) throw error;
  return { ...process, violation: { invariant: "engine", why: `node ${process.node}: ${error.message}` } };
}

function recordKey(record: DurableRecord): unknown {
  if (record.kind === "accepted") return [record.entry.slot, record.entry.ballot, valueOf(record.entry)];
  return record;
}

function isBeyond(message: Message, slots: number): boolean {
  return (message.kind === "accept" || message.kind === "learn") && message.entries.some((entry) => entry.slot > slots);
}

/** A3: a vote is cast in the promised ballot or above it, and raises it. */
function wrongVote(promised: Ballot, record: DurableRecord): Violation | null {
  if (record.kind !== "accepted" || record.entry.ballot === promised) return null;
  const { slot, ballot } = record.entry;
  const why = `slot ${slot} is accepted in ballot ${showBallot(ballot)} while ${showBallot(promised)} is promised`;
  return { invariant: "A3", why };
}

/** A2 and A5: what a promise or an accepted says stands on the disk as it leaves. */
function notOnDisk({ durable, startSlot }: Process, message: Message): Violation | null {
  if (message.kind === "prepare" || message.kind === "promise" || message.kind === "accepted") {
    if (durable.promised < message.ballot) {
      const why = `${message.kind} of ballot ${showBallot(message.ballot)} leaves, the disk has ${showBallot(durable.promised)}`;
      return { invariant: "A2", why };
    }
  }
  if (message.kind === "accepted") {
    for (const entry of durable.accepted) {
      if (entry.slot > message.acceptedTo || entry.slot < startSlot || entry.slot <= message.chosenTo) continue;
      if (entry.ballot < message.ballot) {
        const why = `slot ${entry.slot} is said accepted in ${showBallot(message.ballot)}, the disk has it in ${showBallot(entry.ballot)}`;
        return { invariant: "A2", why };
      }
    }
  }
  if (message.kind === "promise") {
    const from = Math.max(message.slotFrom, message.chosenTo + 1);
    for (const entry of durable.accepted) {
      if (entry.slot < from || entry.slot > message.slotTo || entry.ballot >= message.ballot) continue;
      const told = message.votes.find((vote) => vote.slot === entry.slot);
      if (told === undefined || told.ballot !== entry.ballot || valueOf(told) !== valueOf(entry)) {
        const why = `the promise of ${showBallot(message.ballot)} does not tell the vote for slot ${entry.slot} in ${showBallot(entry.ballot)}`;
        return { invariant: "A5", why };
      }
    }
  }
  return null;
}

function different<T>(items: readonly T[]): T[] {
  const byKey = new Map(items.map((item) => [JSON.stringify(item), item]));
  return [...byKey.keys()].sort().map((key) => byKey.get(key)!);
}

function showMessage(message: Message): string {
  return `${message.kind} ${JSON.stringify(message, (key, item: unknown) => {
    if (key === "kind") return undefined;
    if (key === "ballot" || key === "origin" || key === "promised") return showBallot(item as Ballot);
    return item instanceof Uint8Array ? item.join() : item;
  })}`;
}
