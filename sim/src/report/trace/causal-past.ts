import type { TraceEvent } from "./trace.ts";

/**
 * What happened before the event at `index`, and could have had a hand in it: earlier events of its lane, the sending of what arrived there, and so on
 * (L. Lamport, *Time, Clocks, and the Ordering of Events in a Distributed System*, 1978). Events of lane 0, such as the violation itself, come after all that
 * happened on `lanes`. Faults belong to no process, and are always in.
 *
 * @param lanes - whose last event before `index` the past begins with, if that event is on lane 0.
 * @returns for each event up to `index` whether it is in the past; the event itself is.
 */
export function causalPast(events: readonly TraceEvent[], index: number, lanes: readonly number[]): boolean[] {
  const isIn = new Array<boolean>(index + 1).fill(false);
  /** Lanes all of whose events from here back are in. */
  const reached = new Set<number>(events[index]!.lane === 0 ? lanes : [events[index]!.lane]);
  /** Messages and calls whose sending is in. */
  const sent = new Set<number>();
  isIn[index] = true;
  for (let at = index; at >= 0; at--) {
    const { kind, lane, id } = events[at]!;
    if (kind === "fault" || kind === "end") isIn[at] = true;
    else if (lane !== 0 && reached.has(lane)) isIn[at] = true;
    else if (kind === "send" && sent.has(id)) {
      isIn[at] = true;
      reached.add(lane);
    }
    if (isIn[at] === true && kind === "arrive") sent.add(id);
  }
  return isIn;
}
