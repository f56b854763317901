import type { FramePart, PeerMessage } from "@quorate/log";
import type { QuorateError, ReadLevel } from "@quorate/machine";
import { type Durable, type DurableRecord, type Entry, type Output, showBallot } from "@quorate/paxos";
import type { Fault } from "../faults/schedule.ts";
import type { Met } from "../faults/strike.ts";
import { showFault } from "../faults/table.ts";
import { valueIdentity } from "../ghost/value-identity.ts";
import type { Violation } from "../invariants/catalogue.ts";
import { type CallKind, type ObservedRun, Unobservant } from "../world/observer.ts";
import { describeMessage } from "./trace/describe-message.ts";
import {
  EVENTS_MAX,
  type Lane,
  type Trace,
  traceEvent,
  type TraceEvent,
  type TraceKind,
  violationEvent,
} from "./trace/trace.ts";

const HEALED = "healed";
/** Ends of links above this are clients. */
const NODE_ID_MAX = 1023;

/** The kind that a frame of several messages is shown by: the first of these that it carries. */
const TELLING: readonly PeerMessage["kind"][] = [
  "promise",
  "prepare",
  "reject",
  "accept",
  "accepted",
  "learn",
  "resign",
  "snapshot-chunk",
];

/** Writes down what happens in a run, for a trace of it. */
export class TraceRecorder extends Unobservant {
  readonly #lanes = new Map<number, Lane>();
  readonly #chosen = new Set<string>();
  readonly #roles = new Map<number, string>();
  #run: ObservedRun | null = null;
  #events: TraceEvent[] = [];
  readonly #faults = new Map<number, Fault>();
  readonly #met = new Map<number, Met>();
  readonly #eventsMax: number;
  #dropped = 0;

  /** @param eventsMax - the latest are kept. */
  constructor(eventsMax: number = EVENTS_MAX) {
    super();
    this.#eventsMax = eventsMax;
  }

  /** Whom each fault met, by its place in the schedule. */
  get met(): ReadonlyMap<number, Met> {
    return this.#met;
  }

  /** What was written down, ended by `violation`, if there is one. */
  trace(violation: Violation | null): Trace {
    const events = this.#upTo(violation).map((event) => (event.kind === "fault" ? this.#told(event) : event));
    if (violation !== null) events.push(violationEvent(violation));
    const lanes = [...this.#lanes.values()].sort((left, right) => left.id - right.id);
    return { lanes, events, droppedEvents: this.#dropped };
  }

  override runBegan(run: ObservedRun): void {
    this.#run = run;
    for (let id = 1; id <= run.nodes; id++) this.#lane(id);
  }

  override healed(core: readonly number[]): void {
    this.add("end", 0, { what: HEALED, text: `load and faults are over; nodes ${core.join(", ")} are healed` });
  }

  override frameSent(frame: number, from: number, to: number, parts: readonly FramePart[]): void {
    this.add("send", from, { id: frame, peer: to, what: kindOf(parts), text: `to node ${to}: ${textOf(parts)}` });
  }

  override frameDelivered(frame: number, from: number, to: number, parts: readonly FramePart[]): void {
    this.add("arrive", to, { id: frame, peer: from, text: `from node ${from}: ${textOf(parts)}` });
  }

  override frameLost(frame: number, from: number, to: number, parts: readonly FramePart[]): void {
    this.add("lost", from, { id: frame, peer: to, text: `lost on the way to node ${to}: ${textOf(parts)}` });
  }

  override linkCut(from: number, to: number): void {
    this.add("cut", from, { peer: to, text: `cut off: nothing passes to ${this.#lane(to).name}` });
  }

  override linkHealed(from: number, to: number): void {
    this.add("heal", from, { peer: to, text: `no longer cut off from ${this.#lane(to).name}` });
  }

  override processStarted(end: number, start: number): void {
    this.#roles.delete(end);
    this.add("life", end, { what: "starts", text: start > 1 ? "starts again" : "starts" });
  }

  override processDied(end: number): void {
    this.add("life", end, { what: "dies", text: "dies" });
  }

  override powerLost(node: number): void {
    this.add("life", node, { what: "dies", text: "loses power" });
  }

  override processPaused(end: number): void {
    this.add("life", end, { what: "stops", text: "stands still" });
  }

  override processResumed(end: number): void {
    this.add("life", end, { what: "goes on", text: "goes on" });
  }

  override processFailed(node: number, error: QuorateError): void {
    this.add("life", node, { what: "goes on", text: `stops serving: ${error.code}` });
  }

  override replicaBegan(node: number, _self: unknown, _life: number, durable: Durable): void {
    const { promised, accepted, chosenTo } = durable;
    this.add("promise", node, {
      ballot: showBallot(promised),
      text: `recovers: promised ${showBallot(promised)}, ${accepted.length} votes, chosen to ${chosenTo}`,
    });
  }

  override output(node: number, { records, chosen }: Output): void {
    for (const record of records) this.#record(node, record);
    for (const entry of chosen) {
      const { slot } = entry;
      const value = nameOfValue(entry);
      const key = `${slot} ${value}`;
      if (this.#chosen.has(key)) continue;
      this.#chosen.add(key);
      this.add("chosen", node, { slot, value, text: `knows ${value} chosen in slot ${slot}` });
    }
  }

  override roleChanged(node: number, leader: number, opening: number, _promised: number): void {
    const text =
      opening > 0
        ? `leads, open in ${showBallot(opening)}`
        : leader === 0
          ? "knows no leader"
          : `follows node ${leader}`;
    if (this.#roles.get(node) === text) return;
    this.#roles.set(node, text);
    this.add("role", node, { text, ballot: opening > 0 ? showBallot(opening) : "" });
  }

  override callInvoked(client: number, call: number, kind: CallKind, machine: string, level: ReadLevel | null): void {
    this.add("call", client, {
      id: call,
      what: kind,
      text: `${kind} of ${machine}${level === null ? "" : `, ${level}`}`,
    });
  }

  override callAnswered(client: number, call: number, revision: number): void {
    this.add("answer", client, { id: call, text: `revision ${revision}` });
  }

  override callFailed(client: number, call: number, error: QuorateError): void {
    this.add("answer", client, { id: call, text: `${error.code}, ${error.outcome}` });
  }

  override lockHeld(lock: string, client: number, token: number): void {
    this.add("role", client, { text: `holds ${lock}, token ${token}` });
  }

  override lockGone(lock: string, client: number, token: number, lost: boolean): void {
    this.add("role", client, { text: `${lost ? "lost" : "gives up"} ${lock}, token ${token}` });
  }

  override faultStruck(index: number, fault: Fault, leader: number): void {
    this.#met.set(index, { leader, later: [] });
    this.#faults.set(index, fault);
    this.add("fault", 0, { id: index + 1, what: fault.kind });
  }

  override faultMet(index: number, node: number): void {
    const { leader, later } = this.#met.get(index)!;
    if (later.at(-1) === node) return;
    this.#met.set(index, { leader, later: [...later, node] });
    this.add("hit", node, { id: index + 1, text: `fault ${index + 1} meets it` });
  }

  override faultEnded(index: number, fault: Fault): void {
    this.add("end", 0, { id: index + 1, what: fault.kind, text: `${fault.kind} ends` });
  }

  /** A run that is violated under its load is healed all the same, at once: that is no part of it. */
  #upTo(violation: Violation | null): readonly TraceEvent[] {
    const healed = this.#events.findIndex(({ kind, what }) => kind === "end" && what === HEALED);
    return healed >= 0 && violation?.atMs === this.#events[healed]!.atMs ? this.#events.slice(0, healed) : this.#events;
  }

  /** Whom it met is known in the end. */
  #told(event: TraceEvent): TraceEvent {
    const { nodes, clients } = this.#run!;
    const index = event.id - 1;
    return { ...event, text: showFault(this.#faults.get(index)!, event.atMs, nodes, clients, this.#met.get(index)) };
  }

  #record(node: number, record: DurableRecord): void {
    if (record.kind === "promised") {
      const ballot = showBallot(record.ballot);
      this.add("promise", node, { ballot, text: `writes the promise of ${ballot}` });
    } else if (record.kind === "accepted") {
      const { slot, ballot } = record.entry;
      const value = nameOfValue(record.entry);
      const shown = showBallot(ballot);
      this.add("vote", node, { slot, ballot: shown, value, text: `writes ${value} in slot ${slot}, ballot ${shown}` });
    } else if (record.kind === "members") {
      const { slot, floor } = record.governing;
      this.add("role", node, { text: `members of slot ${slot} in force, floor ${showBallot(floor)}` });
    }
  }

  /** Writes down that something happened now. */
  protected add(kind: TraceKind, lane: number, fields: Partial<TraceEvent>): void {
    if (lane !== 0) this.#lane(lane);
    this.#events.push(traceEvent(kind, this.#run!.nowMs, lane, fields));
    if (this.#events.length < 2 * this.#eventsMax) return;
    this.#dropped += this.#events.length - this.#eventsMax;
    this.#events = this.#events.slice(-this.#eventsMax);
  }

  #lane(id: number): Lane {
    const known = this.#lanes.get(id);
    if (known !== undefined) return known;
    const isNode = id <= NODE_ID_MAX;
    const name = isNode ? `node ${id}` : `client ${id - NODE_ID_MAX - 1}`;
    const lane: Lane = { id, name, kind: isNode ? "node" : "client" };
    this.#lanes.set(id, lane);
    return lane;
  }
}

function kindOf(parts: readonly FramePart[]): string {
  const kinds = parts.map(({ message }) => message.kind);
  return TELLING.find((kind) => kinds.includes(kind)) ?? kinds[0] ?? "refused";
}

function textOf(parts: readonly FramePart[]): string {
  return parts.length === 0 ? "connection refused" : parts.map(({ message }) => describeMessage(message)).join(" · ");
}

function nameOfValue({ kind, bytes, origin }: Entry): string {
  if (kind === "noop") return "no-op";
  return `${kind} ${(valueIdentity(bytes) % 46_656).toString(36).padStart(3, "0")} of ${showBallot(origin)}`;
}
