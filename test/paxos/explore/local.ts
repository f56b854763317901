import {
  emptyDurable,
  type Ballot,
  ballotOf,
  createEngine,
  type Durable,
  type DurableRecord,
  type Engine,
  type Entry,
  InvariantError,
  type Message,
  nextBallot,
  nodeOf,
  type Output,
  type Speaker,
} from "@quorate/paxos";
import { configOf, incarnationOf, majorityOf } from "../cluster.ts";
import { notOnDisk, wrongVote } from "./at-the-boundary.ts";
import { synced, type Unsynced } from "./disk.ts";
import type { Violation } from "./explorer.ts";
import { type News, NO_NEWS, valueOf } from "./facts.ts";
import type { Scope } from "./scope.ts";

/** One node as it is: its engine, its disk, and what its host remembers. */
export interface Local {
  readonly node: number;
  /** Never given an input: copies are. */
  readonly engine: Engine;
  readonly durable: Durable;
  /** Of a disk that stands still only the oldest group is kept: a crash may leave a beginning of it. */
  readonly unsynced: readonly Unsynced[];
  /** Its disk stands still until it crashes. */
  readonly still: boolean;
  /** The promised ballot of the records handed out so far. */
  readonly promised: Ballot;
  readonly opening: Ballot;
  /** startSlot of the ballot that it follows. */
  readonly startSlot: number;
  /** The ballot that it campaigns or leads in; 0: none. */
  readonly campaigned: Ballot;
  /** Whether it leads in `campaigned`: it is done with promises. */
  readonly leads: boolean;
  readonly chosenTo: number;
  /** What it knows chosen since it started, for those who lack it. */
  readonly chosen: readonly Entry[];
  readonly violation: Violation | null;
}

/** A message on its way to one node. */
export interface Addressed {
  readonly from: number;
  readonly to: number;
  readonly message: Message;
}

/** What an input makes of a node: itself afterwards, what it says, and what the all-seeing observer learns. */
export interface Outcome {
  readonly local: Local;
  readonly says: readonly Addressed[];
  readonly news: News;
}

interface Taken extends Outcome {
  /** The highest slot of an entry that was recorded on the way. */
  readonly votedTo: number;
}

/** An input. `crash`: what was not durable is lost, but for the first `kept` records of the oldest group. */
export type Input =
  "campaign" | "propose" | "sync" | "stand still" | { readonly crash: number } | { readonly receive: Addressed };

const NOTHING_LEARNED: ReadonlySet<Entry> = new Set();

/** A node that was just formed with all the others. */
export function firstLocal(node: number, scope: Scope): Outcome {
  const durable = emptyDurable(majorityOf(...Array.from({ length: scope.nodes }, (_, index) => index + 1)));
  return outcomeOf(started(node, durable), scope, NOTHING_LEARNED);
}

/** What `input` makes of `local`; `null` where there is no such input in this scope. */
export function outcome(local: Local, input: Input, scope: Scope): Outcome | null {
  if (local.violation !== null) return null;
  if (input === "sync") return local.unsynced.length === 0 ? null : sync(local, scope);
  if (input === "stand still") {
    const { unsynced } = local;
    return unsynced.length === 0
      ? null
      : { local: { ...local, still: true, unsynced: [unsynced[0]!] }, says: [], news: NO_NEWS };
  }
  if (typeof input === "object" && "crash" in input) return crash(local, input.crash, scope);
  const engine = local.engine.copy();
  let { startSlot } = local;
  let learned = NOTHING_LEARNED;
  try {
    if (input === "campaign") {
      engine.campaignNow();
    } else if (input === "propose") {
      if (local.opening === 0 || engine.propose(local.opening, Uint8Array.of(local.node)) !== "taken") return null;
    } else {
      const { from, message } = input.receive;
      if (message.kind === "learn") learned = new Set(message.entries);
      if ((message.kind === "accept" || message.kind === "heartbeat") && message.ballot >= local.promised)
        startSlot = message.startSlot;
      engine.receive(speakerOf(from), message);
    }
  } catch (error) {
    return brokenBy(local, error);
  }
  const after = outcomeOf({ ...local, engine, startSlot }, scope, learned);
  if (input === "campaign") {
    const { promised } = after.local;
    return promised > ballotMax(scope) || promised === local.promised ? null : after;
  }
  if (input === "propose") {
    if (after.votedTo > scope.slots) return null;
  }
  return after;
}

/** Equal for nodes that behave alike from now on, and whose disks are alike. */
export function keyOf(local: Local): string {
  const { node, engine, durable, unsynced, still, promised, opening, startSlot, campaigned, leads, violation } = local;
  if (violation !== null) return `${node} ${JSON.stringify(violation)}`;
  const held = durable.accepted.map(entryKey);
  const waiting = unsynced.map(({ records, learned }) => records.map((record) => recordKey(record, learned)));
  return `${node} ${engine.fingerprint({ ticks: false, syncs: !still })} ${JSON.stringify([
    still,
    durable.promised,
    durable.chosenTo,
    held,
    waiting,
    promised,
    opening,
    startSlot,
    campaigned,
    leads,
    local.chosen.map(entryKey),
  ])}`;
}

/** The highest ballot that may be campaigned in. */
function ballotMax({ ballots, nodes }: Scope): Ballot {
  return ballotOf(1 + Math.floor((ballots - 1) / nodes), 1 + ((ballots - 1) % nodes));
}

function started(node: number, durable: Durable): Local {
  const engine = createEngine(configOf(node, 1, { heartbeatMs: 0, electionTimeoutMs: 1e9 }), durable);
  engine.tick(0);
  return {
    node,
    engine,
    durable,
    unsynced: [],
    still: false,
    promised: durable.promised,
    opening: 0,
    startSlot: 0,
    campaigned: 0,
    leads: false,
    chosenTo: 0,
    chosen: [],
    violation: null,
  };
}

function crash(local: Local, kept: number, scope: Scope): Outcome | null {
  const [oldest] = local.unsynced;
  if (kept > 0 && (oldest === undefined || kept >= oldest.records.length)) return null;
  let { durable } = local;
  let news = NO_NEWS;
  if (kept > 0) {
    const some = { ...oldest!, records: oldest!.records.slice(0, kept) };
    durable = synced(durable, some);
    news = { ...NO_NEWS, votes: votesIn(some) };
  }
  const after = outcomeOf(started(local.node, durable), scope, NOTHING_LEARNED);
  return { ...after, news: { ...after.news, votes: news.votes } };
}

function sync(local: Local, scope: Scope): Outcome {
  const [oldest, ...unsynced] = local.unsynced;
  const durable = synced(local.durable, oldest!);
  if (durable.promised < local.durable.promised) {
    const violation = { invariant: "A1", why: "the durable promise goes back" };
    return { local: { ...local, violation }, says: [], news: NO_NEWS };
  }
  const engine = local.engine.copy();
  try {
    engine.persisted(oldest!.seq, 0);
  } catch (error) {
    return brokenBy(local, error);
  }
  const after = outcomeOf({ ...local, engine, durable, unsynced }, scope, NOTHING_LEARNED);
  return { ...after, news: { ...after.news, votes: votesIn(oldest!) } };
}

/** The votes among records; what was learned is none. */
function votesIn({ learned, records }: Unsynced): News["votes"] {
  const entries = records.flatMap((record) => (record.kind === "accepted" ? [record.entry] : []));
  const cast = entries.filter((entry) => !learned.has(entry));
  return cast.map((entry) => ({ slot: entry.slot, ballot: entry.ballot, value: valueOf(entry) }));
}

/** Takes all that the engine wants done. What is chosen is applied at once. */
function outcomeOf(local: Local, scope: Scope, learned: ReadonlySet<Entry>): Taken {
  const { engine, node } = local;
  let { promised, violation, campaigned } = local;
  const unsynced = [...local.unsynced];
  const chosen = [...local.chosen];
  const says: Addressed[] = [];
  let votedTo = 0;
  const known: { slot: number; value: string }[] = [];
  const asked: { slot: number; ballot: Ballot; value: string }[] = [];
  const say = (to: number, message: Message): void => {
    if (!isBeyond(message, scope.slots)) says.push({ from: node, to, message: withoutCounters(message) });
  };
  let out: Output;
  try {
    for (;;) {
      out = engine.output();
      for (const event of out.events) {
        if (event.kind === "resigned") campaigned = 0;
        // The node's own campaign, told by the promise that is asked of it.
        if (event.kind === "ballot-raised" && nodeOf(event.ballot) === node) campaigned = event.ballot;
      }
      for (const record of out.records) {
        if (record.kind === "promised") promised = record.ballot;
        if (record.kind === "accepted") votedTo = Math.max(votedTo, record.entry.slot);
        if (record.kind === "accepted" && !learned.has(record.entry)) violation ??= wrongVote(promised, record.entry);
      }
      if (out.records.length > 0) {
        unsynced.push({ seq: out.seq, records: [...out.records], learned });
      }
      for (const { to, message } of out.sends) {
        if (isBeyond(message, scope.slots) || message.kind === "resign") continue;
        violation ??= notOnDisk(local, message);
        if (message.kind === "accept")
          for (const entry of message.entries)
            asked.push({ slot: entry.slot, ballot: message.ballot, value: valueOf(entry) });
        for (const receiver of to) say(receiver, message);
      }
      chosen.push(...out.chosen);
      for (const { to, slotFrom } of out.supply) {
        const entries = chosen.filter((entry) => entry.slot >= slotFrom);
        if (entries.length > 0) say(to, { kind: "learn", entries, floors: [], chosenTo: out.chosenTo });
      }
      for (const entry of out.chosen) known.push({ slot: entry.slot, value: valueOf(entry) });
      if (out.chosen.length === 0) break;
      engine.applied(out.chosenTo);
    }
  } catch (error) {
    return brokenBy(local, error);
  }
  const { opening, leader, chosenTo } = out;
  const leads = leader === node;
  if (local.still) unsynced.length = 1;
  const after = { ...local, promised, opening, campaigned, leads, chosenTo, chosen, unsynced, violation };
  return { local: after, says, news: { votes: [], known, asked }, votedTo };
}

function speakerOf(node: number): Speaker {
  return { node, incarnation: incarnationOf(node), life: 1, unit: 0, unitAtStart: 0 };
}

/** An assertion of the engine did not hold. */
function brokenBy(local: Local, error: unknown): Taken {
  if (!(error instanceof InvariantError)) throw error;
  const violation = { invariant: "engine", why: `node ${local.node}: ${error.message}` };
  return { local: { ...local, violation }, says: [], news: NO_NEWS, votedTo: 0 };
}

/**
 * The message as far as its receiver's behaviour depends on it. Rounds are counters. All that the owner of a rejected
 * ballot takes from the promised one is its own next ballot: every one below that makes the same of it.
 */
function withoutCounters(message: Message): Message {
  if (message.kind === "reject")
    return { ...message, promised: nextBallot(message.promised, nodeOf(message.ballot)) - 1 };
  return "round" in message ? { ...message, round: 0 } : message;
}

function isBeyond(message: Message, slots: number): boolean {
  return (message.kind === "accept" || message.kind === "learn") && message.entries.some((entry) => entry.slot > slots);
}

function entryKey(entry: Entry): unknown {
  return [entry.slot, entry.ballot, valueOf(entry)];
}

function recordKey(record: DurableRecord, learned: ReadonlySet<Entry>): unknown {
  return record.kind === "accepted" ? [learned.has(record.entry), entryKey(record.entry)] : record;
}
