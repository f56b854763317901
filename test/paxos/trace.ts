import {
  decodeMembers,
  type DurableRecord,
  type EngineEvent,
  type Entry,
  FIRST_STANDING,
  type Members,
  type Message,
  type Output,
  showBallot,
  SLOT_MAX,
  type Standing,
  standingAfter,
} from "@quorate/paxos";
import type { Flying, LabNode, Recorder, Snapshot } from "./lab.ts";

/** What is written down, besides changes of state. */
export interface TraceOptions {
  /** Heartbeats and their answers, too. */
  heartbeats: boolean;
  /** Messages and records, too. */
  messages: boolean;
}

/** Writes down what happens in a lab, one short line for each thing. */
export class Trace implements Recorder {
  lines: string[] = [];
  readonly options: TraceOptions;
  /** By node, in this life of it. */
  private readonly applied = new Map<LabNode, { life: number; slot: number; standing: Standing; texts: string[] }>();

  constructor(options: TraceOptions) {
    this.options = options;
  }

  /** Everything since it was last taken. */
  take(): string[] {
    return this.lines.splice(0);
  }

  arrives({ from, to, message }: Flying): void {
    if (this.tells(message)) this.lines.push(`${to} <- ${from.node} ${nameOf(message)}`);
  }

  sends({ from, to, message }: Flying): void {
    if (this.tells(message)) this.lines.push(`${from.node} -> ${to} ${showMessage(message)}`);
  }

  outputs(node: LabNode, out: Output): void {
    const say = (what: string): number => this.lines.push(`${node.id} ${what}`);
    for (const event of out.events) {
      const shown = showEvent(node.id, event);
      if (shown !== null && (event.kind !== "ignored" || this.options.messages)) say(shown);
    }
    for (const entry of out.chosen) say(this.applies(node, entry));
    for (const { token, bound, validUntilMs } of out.reads) say(showRead(token, bound, validUntilMs - node.tickedMs));
    if (!this.options.messages) return;
    for (const record of out.records) {
      const shown = showRecord(record);
      if (shown !== null) say(`${node.syncs ? "writes" : "writes, unsynced:"} ${shown}`);
    }
    for (const { to, message } of out.sends)
      if (this.tells(message)) this.lines.push(`${node.id} -> ${to.join(" ")} ${showMessage(message)}`);
  }

  private tells(message: Message | Snapshot): boolean {
    if (!this.options.messages) return false;
    return this.options.heartbeats || (message.kind !== "heartbeat" && message.kind !== "heartbeat-answer");
  }

  /** The batches that changed the state of `node` in its present life, or in the lives before if it has none. */
  appliedAt(node: LabNode): readonly string[] {
    return this.applied.get(node)?.texts ?? [];
  }

  /** What a state machine would do with a chosen entry: a void batch changes nothing (rule 9). */
  private applies(node: LabNode, entry: Entry): string {
    const before = this.applied.get(node);
    const goesOn = before !== undefined && before.life === node.life && before.slot === entry.slot - 1;
    const texts = entry.slot > 1 ? (before?.texts.slice(0) ?? []) : [];
    const standing = standingAfter(goesOn ? before.standing : FIRST_STANDING, entry);
    const counts = entry.kind !== "noop" && standing.carries;
    if (counts && entry.kind === "batch") texts.push(new TextDecoder().decode(entry.bytes));
    this.applied.set(node, { life: node.life, slot: entry.slot, standing, texts });
    if (entry.kind === "noop") return `passes ${entry.slot} no-op`;
    return counts ? `applies ${entry.slot} ${showValue(entry)}` : `passes ${entry.slot} ${showValue(entry)}, void`;
  }
}

/** `{1 2 3}`, `{1 2 3 | 4}` with non-voters; what else differs from majorities without lease is named. */
export function showMembers({ voters, nonVoters, quorum, leaseMs }: Members): string {
  const plain = [...voters, ...nonVoters].every((one) => one.incarnation === 1000 + one.node);
  const list = (some: Members["voters"]): string =>
    some.map((one) => (plain || one.incarnation === 1000 + one.node ? `${one.node}` : `${one.node}'`)).join(" ");
  const also = [
    quorum.kind === "flexible" ? ` prepare ${quorum.prepare} accept ${quorum.accept}` : "",
    quorum.kind === "zones" ? " by zones" : "",
    leaseMs > 0 ? ` lease ${leaseMs} ms` : "",
  ].join("");
  return `{${list(voters)}${nonVoters.length > 0 ? ` | ${list(nonVoters)}` : ""}${also}}`;
}

function showValue({ kind, bytes }: Entry): string {
  if (kind === "noop") return "no-op";
  if (kind === "batch") return `"${new TextDecoder().decode(bytes)}"`;
  const members = decodeMembers(bytes);
  return members === null ? "members ?" : `members ${showMembers(members)}`;
}

/** Value, then what is out of the ordinary: whose it was first, and that its proposer did not know all below it chosen. */
function showProposal(entry: Entry): string {
  const origin = entry.origin === entry.ballot ? "" : ` of ${showBallot(entry.origin)}`;
  const loose = entry.anchored || entry.kind === "noop" ? "" : " unanchored";
  return `${showValue(entry)}${origin}${loose}`;
}

function showVote(entry: Entry): string {
  return `${entry.slot} ${showProposal(entry)} in ${showBallot(entry.ballot)}`;
}

function showSlots(entries: readonly Entry[]): string {
  const first = entries[0]!.slot;
  const last = entries[entries.length - 1]!.slot;
  return first === last ? `slot ${first}` : `slots ${first}..${last}`;
}

const acknowledges = (from: number, to: number): string =>
  to < from ? "" : from === to ? `, acknowledges ${to}` : `, acknowledges ${from}..${to}`;

const knows = (chosenTo: number): string => (chosenTo === 0 ? "" : `, knows ${chosenTo}`);

function nameOf(message: Message | Snapshot): string {
  if (message.kind === "accept") return `accept ${showBallot(message.ballot)} ${showSlots(message.entries)}`;
  if (message.kind === "learn") return `learn ${showSlots(message.entries)}`;
  return "ballot" in message && message.ballot > 0 ? `${message.kind} ${showBallot(message.ballot)}` : message.kind;
}

function showMessage(message: Message | Snapshot): string {
  const name = nameOf(message);
  switch (message.kind) {
    case "canvass":
      return message.ballot === 0 ? `${name}: who lacks slot ${message.chosenTo}?` : name;
    case "canvass-answer":
      if (message.ballot === 0) return `${name}${knows(message.chosenTo)}`;
      return `${name} ${message.granted ? "yes" : "no"}${message.promised > 0 ? `, promised ${showBallot(message.promised)}` : ""}`;
    case "prepare":
      return `${name} from slot ${message.slotFrom}`;
    case "promise": {
      const page = message.slotTo >= SLOT_MAX ? "" : `, page to ${message.slotTo}`;
      const votes = message.votes.length === 0 ? "no votes" : `votes: ${message.votes.map(showVote).join("; ")}`;
      const faulty = message.faulty.length === 0 ? "" : `, faulty ${message.faulty.join(" ")}`;
      return `${name}, ${votes}${faulty}${page}${knows(message.chosenTo)}`;
    }
    case "reject":
      return `${name}, promised ${showBallot(message.promised)}`;
    case "accept":
      return `${name} ${message.entries.map(showProposal).join(", ")}${acknowledges(message.ackFrom, message.ackTo)}`;
    case "accepted":
      return `${name} to ${message.acceptedTo}`;
    case "heartbeat":
      return `${name} round ${message.round}${acknowledges(message.ackFrom, message.ackTo)}`;
    case "heartbeat-answer":
      return `${name} round ${message.round}, accepted to ${message.acceptedTo}${message.grantedMs > 0 ? `, grants ${message.grantedMs} ms` : ""}`;
    case "fetch":
      return `${name} from slot ${message.slotFrom}`;
    case "learn": {
      const floors = message.floors.length === 0 ? "" : `, floor ${message.floors.map(showBallot).join(" ")}`;
      return `${name}: ${message.entries.map((entry) => showVote(entry)).join("; ")}${floors}`;
    }
    case "read-request":
      return `${name} ${message.token}`;
    case "read-bound":
      return `${name} ${message.token}: ${message.bound < 0 ? "refused" : message.bound}`;
    case "resign":
      return `${name}${message.successor > 0 ? `, ${message.successor} is to follow` : ""}`;
    case "snapshot":
      return `snapshot to ${message.slot}, governed by ${showMembers(message.governing.members)}`;
  }
}

/** `null`: says nothing that the lines around it do not say. */
function showRecord(record: DurableRecord): string | null {
  switch (record.kind) {
    case "promised":
      return `promised ${showBallot(record.ballot)}`;
    case "accepted":
      return `slot ${showVote(record.entry)}`;
    case "members":
      return `members ${showMembers(record.governing.members)} of slot ${record.governing.slot}, floor ${showBallot(record.governing.floor)}`;
    case "faulty":
      return record.slots.length === 0 ? "no slot is faulty" : `faulty ${record.slots.join(" ")}`;
    case "lease":
      return `lease of ${record.leaseMsMax} ms`;
    case "chosen":
    case "heard":
      return null;
  }
}

function showEvent(self: number, event: EngineEvent): string | null {
  switch (event.kind) {
    case "leader-changed":
      if (event.leader === self) return `leads ${showBallot(event.ballot)}`;
      return event.leader === 0 ? "follows nobody" : `follows ${event.leader} in ${showBallot(event.ballot)}`;
    case "opened":
      return `is open in ${showBallot(event.ballot)}`;
    case "resigned":
      return `resigns ${showBallot(event.ballot)}: ${event.why}`;
    case "members-changed":
      return `is governed by the change in slot ${event.slot}, floor ${showBallot(event.floor)}`;
    case "change-given-up":
      return `gives the change of members up: node ${event.node}, ${event.why}`;
    case "removed":
      return `may go: the set of slot ${event.slot} has everything`;
    case "ignored":
      return `ignores ${event.message} of ${event.from}: ${event.why}`;
    case "ballot-raised":
    case "read-confirmed":
    case "old-copy":
      return null;
  }
}

function showRead(token: number, bound: number, validMs: number): string {
  if (bound < 0) return `refuses read ${token}`;
  return `answers read ${token} at slot ${bound}${validMs === Infinity ? "" : `, by lease for ${Math.floor(validMs)} ms`}`;
}
