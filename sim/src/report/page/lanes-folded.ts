import type { Trace } from "../trace/trace.ts";

/** What says that a process had a part in what happened. */
const TELLING: ReadonlySet<string> = new Set(["vote", "chosen", "role", "hit", "call", "answer"]);

/**
 * The lanes that had no part in the violation: in what it comes after, these wrote and learned nothing, led and followed nobody, and asked nothing. Spare machines, mostly, and
 * clients of whom the witness does not speak.
 *
 * @param past - for each event whether the violation comes after it.
 * @param named - lanes that the witness is about; never folded, unless it is about all of them.
 */
export function lanesFolded({ lanes, events }: Trace, past: readonly boolean[], named: readonly number[]): Set<number> {
  const isAboutAll = named.length === lanes.length;
  const telling = new Set(
    events.filter(({ kind }, at) => past[at] === true && TELLING.has(kind)).map(({ lane }) => lane),
  );
  return new Set(lanes.map(({ id }) => id).filter((id) => !telling.has(id) && (isAboutAll || !named.includes(id))));
}
