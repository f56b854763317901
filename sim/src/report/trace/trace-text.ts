import type { Trace, TraceEvent, TraceKind } from "./trace.ts";

/** One sign a kind, so that a column can be searched. */
const GLYPHS: Readonly<Record<TraceKind, string>> = {
  send: ">",
  arrive: "<",
  lost: "x",
  life: "!",
  role: "/",
  vote: "*",
  promise: "?",
  chosen: "=",
  call: "(",
  answer: ")",
  fault: "#",
  hit: "+",
  cut: "|",
  heal: "-",
  end: "~",
  violation: "%",
};

const LEGEND =
  "> sends, < arrives, x lost, ! process, / role, * vote on disk, ? promise on disk, = chosen, ( call, ) answer, | cut off, - no longer, # fault, + it meets whom it lay in wait for, ~ it ends, % violated";

/**
 * The trace as lines: time, sign, lane in a column of its own, words. Without messages it is the history of states; with them, the whole.
 *
 * @param messages - whether messages between nodes are in.
 */
export function traceText({ lanes, events, droppedEvents }: Trace, messages: boolean): string {
  const columns = new Map(lanes.map(({ id }, index) => [id, index]));
  const head = `${"seconds".padStart(10)}   ${lanes.map(({ name }) => short(name).padEnd(4)).join("")}`;
  const lines = events
    .filter(({ kind }) => messages || (kind !== "send" && kind !== "arrive" && kind !== "lost"))
    .map((event) => line(event, columns.get(event.lane) ?? -1, lanes.length));
  const dropped = droppedEvents === 0 ? [] : [`(${droppedEvents} events before these were not kept)`];
  return [LEGEND, ...dropped, head, ...lines, ""].join("\n");
}

function line({ kind, atMs, text }: TraceEvent, column: number, columns: number): string {
  const sign = GLYPHS[kind];
  const places = Array.from({ length: columns }, (_, index) => (index === column ? sign : ".").padEnd(4)).join("");
  return `${(atMs / 1000).toFixed(4).padStart(10)} ${sign} ${places}${text}`;
}

function short(name: string): string {
  return name.replace("node ", "n").replace("client ", "c").slice(0, 3);
}
