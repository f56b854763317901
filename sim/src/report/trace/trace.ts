import type { Violation } from "../../invariants/catalogue.ts";

/** A line of life in a trace: a node or a client. */
export interface Lane {
  /** As an end of links. */
  readonly id: number;
  readonly name: string;
  readonly kind: "node" | "client";
}

/**
 * What kind of thing happened. `send`, `arrive` and `lost`: a message between nodes. `life`: a process begins, dies, stops or goes on. `role`: a node leads, follows
 * or has opened. `vote` and `promise`: on disk, as the synced image has it. `chosen`: a quorum of disks holds votes of one ballot. `call` and `answer`: of a client.
 * `fault` and `end`: a fault begins, and ends. `hit`: one that lay in wait meets a node. `cut` and `heal`: nothing passes from
 * a lane to another any more, and again. `violation`: what the trace is about.
 */
export type TraceKind =
  | "send"
  | "arrive"
  | "lost"
  | "life"
  | "role"
  | "vote"
  | "promise"
  | "chosen"
  | "call"
  | "answer"
  | "fault"
  | "hit"
  | "cut"
  | "heal"
  | "end"
  | "violation";

/** One thing that happened. Every field is there for every kind; 0 or "" where it does not apply. */
export interface TraceEvent {
  readonly kind: TraceKind;
  /** True time. */
  readonly atMs: number;
  /** Where: the id of a lane; 0: nowhere in particular. */
  readonly lane: number;
  /** The other end of a message. */
  readonly peer: number;
  /** Identity of a message, the same at both ends; of a call, the same as of its answer; of a fault, its number in the story. */
  readonly id: number;
  /** Of a message, its kind; of the life of a process, what became of it: `starts`, `dies`, `stops`, `goes on`. */
  readonly what: string;
  /** In words. */
  readonly text: string;
  readonly slot: number;
  /** Round and node as people read them: `7.2`. */
  readonly ballot: string;
  /** What stands for the value of a slot: equal values have equal names. */
  readonly value: string;
}

/** Events of a trace at most: a page of so many still opens at once. The earliest go first. */
export const EVENTS_MAX = 12_000;

/** What happened in one failing run, as far as it was kept. */
export interface Trace {
  readonly lanes: readonly Lane[];
  /** In the order in which it happened. */
  readonly events: readonly TraceEvent[];
  /** Events before the first that were not kept. */
  readonly droppedEvents: number;
}

/** An event with everything that is not named left empty. */
export function traceEvent(
  kind: TraceKind,
  atMs: number,
  lane: number,
  fields: Partial<Omit<TraceEvent, "kind" | "atMs" | "lane">>,
): TraceEvent {
  return { kind, atMs, lane, peer: 0, id: 0, what: "", text: "", slot: 0, ballot: "", value: "", ...fields };
}

/** What a trace of a failing run ends with. */
export function violationEvent({ invariant, witness, atMs }: Violation): TraceEvent {
  return traceEvent("violation", atMs, 0, { what: invariant, text: witness });
}
