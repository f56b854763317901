import type { Trace } from "./trace.ts";

/** The clock of one event: how many events of each lane it comes after, its own included. */
export type VectorClock = Readonly<Record<string, number>>;

/** An event of a lane with its clock. */
export interface ClockedEvent {
  readonly lane: string;
  readonly clock: VectorClock;
  readonly text: string;
}

/** Gives every event that is on a lane its vector clock (F. Mattern, *Virtual Time and Global States of Distributed Systems*, 1989). */
export function clockedEvents({ lanes, events }: Trace): ClockedEvent[] {
  const names = new Map(lanes.map(({ id, name }) => [id, name.replaceAll(" ", "")]));
  const clocks = new Map<string, Record<string, number>>();
  const sent = new Map<number, VectorClock>();
  const clocked: ClockedEvent[] = [];
  for (const { kind, lane, id, text } of events) {
    const name = names.get(lane);
    if (name === undefined || kind === "lost") continue;
    const clock: Record<string, number> = { ...clocks.get(name) };
    if (kind === "arrive") {
      for (const [other, count] of Object.entries(sent.get(id) ?? {})) {
        clock[other] = Math.max(clock[other] ?? 0, count);
      }
    }
    clock[name] = (clock[name] ?? 0) + 1;
    clocks.set(name, clock);
    if (kind === "send") sent.set(id, clock);
    clocked.push({ lane: name, clock, text });
  }
  return clocked;
}

/** The expression that ShiViz is told to read {@link shivizLog} with. */
export const SHIVIZ_EXPRESSION = "(?<host>\\S*) (?<clock>\\{.*\\})\\n(?<event>.*)";

/** The trace as a log of ShiViz (I. Beschastnikh and others, *Debugging Distributed Systems*, 2016): two lines an event, after its own expression and an empty line. */
export function shivizLog(trace: Trace): string {
  const lines = clockedEvents(trace).map(({ lane, clock, text }) => `${lane} ${JSON.stringify(clock)}\n${text}`);
  return `${SHIVIZ_EXPRESSION}\n\n${lines.join("\n")}\n`;
}
