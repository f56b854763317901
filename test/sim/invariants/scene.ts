import type { FramePart, PeerMessage, StoredRecord } from "@quorate/log";
import { type BatchCommand, type Composite, encodeBatch, type RequestId, type Settlement } from "@quorate/machine";
import {
  ballotOf,
  emptyDurable,
  type Durable,
  type DurableRecord,
  type Entry,
  type EntryKind,
  type Governing,
  MAJORITY,
  type Members,
  NO_BYTES,
  type Output,
  type PromiseMessage,
  SLOT_MAX,
} from "@quorate/paxos";
import { Coverage } from "../../../sim/src/coverage/sometimes.ts";
import type { Ghost } from "../../../sim/src/ghost/ghost.ts";
import type { Report } from "../../../sim/src/invariants/checker.ts";
import { Checks } from "../../../sim/src/invariants/checks.ts";
import { type Observer, observersOf } from "../../../sim/src/world/observer.ts";

/** Ballots that scenes use: of node 1, 2, 3 and 1 again, in this order. */
export const B1: number = ballotOf(1, 1);
export const B2: number = ballotOf(1, 2);
export const B3: number = ballotOf(2, 3);
export const B4: number = ballotOf(3, 1);

export const LEASE_MS = 300;

export function membersOf(...nodes: number[]): Members {
  const voters = nodes.map((node) => ({ node, incarnation: node, zone: 0 }));
  return { voters, nonVoters: [], quorum: MAJORITY, leaseMs: LEASE_MS };
}

export function entryOf(slot: number, ballot: number, changes: Partial<Entry> = {}): Entry {
  return { slot, ballot, origin: ballot, anchored: false, kind: "noop" as EntryKind, bytes: NO_BYTES, ...changes };
}

export function batchOf(logTimeMs: number, commands: readonly BatchCommand[] = []): Partial<Entry> {
  return { kind: "batch", anchored: true, bytes: encodeBatch(logTimeMs, commands) };
}

export function commandOf(
  session: number,
  number: number,
  machine = "kv",
  command: Uint8Array = Uint8Array.of(1),
): BatchCommand {
  return { request: { session, number }, releasedTo: 0, machine, command };
}

/** A state that only says what it is. */
export function stateOf(revision: number, changes: Partial<Composite> = {}): Composite {
  const state = {
    revision,
    logTimeMs: 0,
    digest: revision,
    dueMs: () => Infinity,
    image: () => imageOf(Uint8Array.of(revision)),
    ...changes,
  };
  return state as unknown as Composite;
}

export function imageOf(bytes: Uint8Array): ReturnType<Composite["image"]> {
  let left: Uint8Array | null = bytes;
  return {
    next: () => {
      const chunk = left;
      left = null;
      return chunk;
    },
    release: () => undefined,
  };
}

function partsOf(from: number, message: PeerMessage): readonly FramePart[] {
  return [{ group: 1, speaker: { node: from, incarnation: from, life: from, unit: 1, unitAtStart: 1 }, message }];
}

/** Three nodes as the checkers see them, told step by step what they do, without any of the code that does it. */
export class Scene {
  readonly found: string[] = [];
  readonly witnesses: string[] = [];
  readonly report: Report = (invariant, witness) => {
    this.found.push(invariant);
    this.witnesses.push(witness);
  };
  readonly coverage = new Coverage();
  readonly checks: Checks;
  readonly tell: Observer;
  readonly clocks = new Map<number, number>();
  readonly rates = new Map<number, number>();
  /** Nodes whose clocks did not run within the bound on drift. */
  readonly drifting = new Set<number>();
  nowMs = 0;
  readonly #formed: Governing = { members: membersOf(1, 2, 3), slot: 0, floor: 0 };
  #seq = 0;

  constructor(machines: readonly string[] = []) {
    const clock = { nowMs: (): number => this.nowMs };
    const run = {
      seed: 1,
      nodes: 3,
      clients: 2,
      get nowMs() {
        return clock.nowMs();
      },
      clockMs: (node: number) => this.clocks.get(node) ?? this.nowMs,
      clockRate: (node: number) => this.rates.get(node) ?? 1,
      keepsTime: (node: number) => !this.drifting.has(node),
      sleeps: () => 0,
      files: () => [],
      durable: () => NO_BYTES,
    };
    this.checks = new Checks("scene", run, machines, this.report, this.coverage);
    this.tell = observersOf(this.checks.observers);
    for (const node of [1, 2, 3]) this.begins(node);
  }

  get ghost(): Ghost {
    return this.checks.ghost;
  }

  durable(changes: Partial<Durable> = {}): Durable {
    return { ...emptyDurable(this.#formed.members), unit: 1, ...changes };
  }

  begins(node: number, changes: Partial<Durable> = {}, life = node, composite: Composite = stateOf(0)): void {
    this.tell.replicaBegan(node, { node, incarnation: node, zone: 0 }, life, this.durable(changes), composite);
  }

  /** One output of an engine. */
  outputs(node: number, changes: Partial<Output> = {}): void {
    const { chosenTo, governing, opening, leader, promised } = this.ghost.node(node);
    this.#seq += 1;
    const output = {
      speaker: { node, incarnation: node, life: node, unit: 1, unitAtStart: 1 },
      sends: [],
      supply: [],
      records: [],
      seq: this.#seq,
      chosenTo,
      chosen: [],
      governing: governing ?? this.#formed,
      reads: [],
      leader,
      opening,
      leaseUntilMs: -Infinity,
      promised,
      events: [],
      ...changes,
    };
    this.tell.output(node, output as unknown as Output, this.clocks.get(node) ?? this.nowMs);
  }

  /** An engine writes records, and its disk takes them. */
  writes(node: number, ...records: readonly DurableRecord[]): void {
    const { promised } = this.ghost.node(node);
    const raised = records.map((record) => (record.kind === "promised" ? record.ballot : 0));
    this.outputs(node, { records, promised: Math.max(promised, ...raised) });
    for (const record of records) this.holds(node, record);
  }

  holds(node: number, record: StoredRecord): void {
    this.ghost.held(this.ghost.node(node), record);
  }

  promises(node: number, ballot: number): void {
    this.writes(node, { kind: "promised", ballot });
  }

  votes(node: number, entry: Entry): void {
    if (this.ghost.node(node).promised < entry.ballot) this.promises(node, entry.ballot);
    this.writes(node, { kind: "accepted", entry });
  }

  says(node: number, message: PeerMessage, to: readonly number[] = []): void {
    this.tell.messageSent(node, { node, incarnation: node, life: node, unit: 1, unitAtStart: 1 }, to, message);
  }

  /** A frame of one message leaves. */
  sends(from: number, to: number, message: PeerMessage): void {
    this.tell.frameSent(1, from, to, partsOf(from, message));
  }

  /** A frame of one message is taken in. */
  arrives(from: number, to: number, message: PeerMessage): void {
    this.tell.frameDelivered(1, from, to, partsOf(from, message));
  }

  /** A promise of a ballot from one node to its leader, with what it tells. */
  page(ballot: number, votes: readonly Entry[] = [], changes: Partial<PromiseMessage> = {}): PromiseMessage {
    return {
      kind: "promise",
      ballot,
      slotFrom: 1,
      slotTo: SLOT_MAX,
      chosenTo: 0,
      votes,
      faulty: [],
      ...changes,
    };
  }

  /** `leader` prepares a ballot and is promised by `others`, who tell of their votes as they are. */
  leads(leader: number, ballot: number, ...others: readonly number[]): void {
    this.promises(leader, ballot);
    const prepare: PeerMessage = { kind: "prepare", ballot, slotFrom: 1, chosenTo: 0 };
    this.says(leader, prepare);
    for (const other of others) {
      this.arrives(leader, other, prepare);
      this.promises(other, ballot);
      const votes = [...this.ghost.node(other).disk.votes].map(([, { ballot: cast, value }]) => ({
        ...value,
        ballot: cast,
      }));
      const page = this.page(ballot, votes as unknown as readonly Entry[]);
      this.says(other, page);
      this.arrives(other, leader, page);
    }
  }

  accepts(leader: number, entries: readonly Entry[], startSlot = 1, ackTo = 0): void {
    const { ballot } = entries[0]!;
    this.says(leader, { kind: "accept", ballot, startSlot, entries, ackFrom: 1, ackTo });
  }

  /** `leader` proposes and has it chosen by `voters`. */
  chooses(leader: number, entry: Entry, ...voters: readonly number[]): void {
    this.accepts(leader, [entry]);
    for (const voter of voters) this.votes(voter, entry);
  }

  settles(node: number, request: RequestId, settlement: Partial<Settlement>, before: number): void {
    const whole: Settlement = { error: "", bytes: NO_BYTES, revision: 0, logTimeMs: 0, ...settlement };
    this.tell.settled(node, request, whole, before);
  }

  applies(node: number, entry: Entry, composite: Composite, counted = entry.kind !== "noop"): void {
    this.tell.applied(node, entry, counted, composite);
  }
}
