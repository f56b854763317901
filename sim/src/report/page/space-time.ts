import type { Lane, Trace, TraceEvent } from "../trace/trace.ts";
import { cutShades } from "./cuts.ts";
import { escape } from "./escape.ts";
import { heights } from "./time-scale.ts";

const LEFT = 96;
const LANE_WIDTH = 118;
const FOLDED_WIDTH = 34;
/** Between two lines of words on one lane. */
const WORDS_HEIGHT = 12;
const WORDS_FAR = 5 * WORDS_HEIGHT;
const TOP = 34;
/** Names of the lanes, that stay above. */
const HEADS = 26;

/** One line of life between two events of its process. */
interface Stretch {
  readonly from: number;
  readonly state: "runs" | "stopped" | "down";
}

/** The diagram, and how high it is drawn at each event. */
export interface SpaceTime {
  readonly svg: string;
  readonly heights: readonly number[];
}

/**
 * The space-time diagram of a trace: a line of life downward for each process, an arrow for each message, a cross where one was lost, a dashed arrow for one that came
 * twice, a gap while a process is down, a shade between two lanes while they are cut off from each other (slanted: one direction), a band on the left while a fault lasts. Elements name their events (`data-a`, `data-b`), for the page to hide and light up.
 *
 * @param folded - lanes that stand on the right, narrow and without words.
 */
export function spaceTime(trace: Trace, folded: ReadonlySet<number>): SpaceTime {
  const { lanes, events } = trace;
  const ys = heights(events, TOP + 12);
  const bottom = (ys.at(-1) ?? TOP) + WORDS_FAR;
  const { xs, width } = places(lanes, folded);
  const parts = [
    ...cutShades(events, lanes, xs, ys, bottom),
    ...faultBands(events, ys, bottom, width),
    ...lanes.flatMap(({ id, kind }) => lifeLine(events, ys, bottom, id, xs.get(id)!, kind === "client")),
    ...messages(events, ys, xs),
    ...calls(events, ys, xs),
    ...marks(events, ys, xs, width, folded),
    ...times(events, ys),
  ];
  const heads = lanes.map(
    ({ id, name }) =>
      `<text class="head" x="${xs.get(id)!}" y="18" text-anchor="middle">${escape(folded.has(id) ? shortName(name) : name)}<title>${escape(name)}</title></text>`,
  );
  const svg = `<svg id="heads" width="${width}" height="${HEADS}"><rect width="${width}" height="${HEADS}"/>${heads.join("")}</svg>
<svg id="space" width="${width}" height="${bottom}" viewBox="0 0 ${width} ${bottom}">
<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="6" markerHeight="6" orient="auto"><path d="M0 0L8 4L0 8z"/></marker><pattern id="slanted" width="8" height="8" patternUnits="userSpaceOnUse"><path d="M-2 10L10 -2"/></pattern></defs>
${parts.join("\n")}
<line id="now" x1="0" x2="${width}" y1="0" y2="0"/>
</svg>`;
  return { svg, heights: ys };
}

/** Where each lane stands: first those that have a part in it. */
function places(
  lanes: readonly Lane[],
  folded: ReadonlySet<number>,
): { readonly xs: ReadonlyMap<number, number>; readonly width: number } {
  const wide = lanes.filter(({ id }) => !folded.has(id));
  const right = LEFT + 40 + wide.length * LANE_WIDTH;
  const xs = new Map(wide.map(({ id }, index) => [id, LEFT + 40 + index * LANE_WIDTH]));
  const narrow = lanes.filter(({ id }) => folded.has(id));
  for (const [index, { id }] of narrow.entries()) xs.set(id, right + index * FOLDED_WIDTH);
  return { xs, width: right + narrow.length * FOLDED_WIDTH };
}

function shortName(name: string): string {
  return name.replace(/^(.)\w* /u, "$1");
}

function title(event: TraceEvent): string {
  return `<title>${(event.atMs / 1000).toFixed(4)} s  ${escape(event.text)}</title>`;
}

function lifeLine(
  events: readonly TraceEvent[],
  ys: readonly number[],
  bottom: number,
  lane: number,
  x: number,
  alwaysRuns: boolean,
): string[] {
  const stretches: Stretch[] = [{ from: TOP, state: alwaysRuns || !startsLater(events, lane) ? "runs" : "down" }];
  events.forEach(({ kind, lane: of, what }, index) => {
    if (kind !== "life" || of !== lane) return;
    const state = what === "dies" ? "down" : what === "stops" ? "stopped" : "runs";
    stretches.push({ from: ys[index]!, state });
  });
  return stretches.map(({ from, state }, index) => {
    const to = stretches[index + 1]?.from ?? bottom;
    return `<line class="life ${state}" x1="${x}" x2="${x}" y1="${from}" y2="${to}"/>`;
  });
}

/** Whether the first thing known of a process is that it starts. */
function startsLater(events: readonly TraceEvent[], lane: number): boolean {
  return events.find(({ lane: of }) => of === lane)?.what === "starts";
}

function messages(events: readonly TraceEvent[], ys: readonly number[], xs: ReadonlyMap<number, number>): string[] {
  const sent = new Map<number, number>();
  const arrived = new Set<number>();
  const drawn: string[] = [];
  events.forEach((event, index) => {
    const { kind, id, lane } = event;
    if (kind === "send") sent.set(id, index);
    if (kind !== "arrive" && kind !== "lost") return;
    const begun = sent.get(id);
    // Sent before the part that was kept.
    if (begun === undefined) return;
    const from = events[begun]!;
    const x1 = xs.get(from.lane);
    const x2 = xs.get(kind === "arrive" ? lane : from.peer);
    if (x1 === undefined || x2 === undefined) return;
    const again = arrived.has(id) ? " again" : "";
    if (kind === "arrive") {
      arrived.add(id);
      drawn.push(
        `<g class="m${again}" data-k="${escape(from.what)}" data-a="${begun}" data-b="${index}"><line x1="${x1}" y1="${ys[begun]!}" x2="${x2}" y2="${ys[index]!}" marker-end="url(#tip)"/>${title(from)}</g>`,
      );
      return;
    }
    const part = 0.7;
    const x = x1 + (x2 - x1) * part;
    const y = ys[begun]! + (ys[index]! - ys[begun]!) * part;
    drawn.push(
      `<g class="m lost" data-k="${escape(from.what)}" data-a="${begun}" data-b="${begun}"><line x1="${x1}" y1="${ys[begun]!}" x2="${x}" y2="${y}"/><path d="M${x - 4} ${y - 4}l8 8m0-8l-8 8"/>${title(from)}</g>`,
    );
  });
  return drawn;
}

/** A box for each call, from its begin to its answer, or to the end. */
function calls(events: readonly TraceEvent[], ys: readonly number[], xs: ReadonlyMap<number, number>): string[] {
  const begun = new Map<number, number>();
  const boxes: string[] = [];
  const box = (from: number, to: number, answer: TraceEvent | null): void => {
    const call = events[from]!;
    const x = xs.get(call.lane);
    if (x === undefined) return;
    const height = Math.max(4, (ys[to] ?? ys.at(-1)!) - ys[from]!);
    const text = answer === null ? `${call.text}: no answer` : `${call.text}: ${answer.text}`;
    boxes.push(
      `<g class="call${answer === null ? " open" : ""}" data-a="${from}" data-b="${to}"><rect x="${x - 6}" y="${ys[from]!}" width="12" height="${height}" rx="3"/><title>${escape(text)}</title></g>`,
    );
  };
  events.forEach((event, index) => {
    if (event.kind === "call") begun.set(event.id, index);
    const from = event.kind === "answer" ? begun.get(event.id) : undefined;
    if (from === undefined) return;
    begun.delete(event.id);
    box(from, index, event);
  });
  for (const from of begun.values()) box(from, events.length - 1, null);
  return boxes;
}

function faultBands(events: readonly TraceEvent[], ys: readonly number[], bottom: number, width: number): string[] {
  const bands: string[] = [];
  let column = 0;
  events.forEach((event, index) => {
    if (event.kind !== "fault") return;
    const ends = events.findIndex((other, at) => at > index && other.kind === "end" && other.id === event.id);
    const to = Math.max(ys[index]! + 3, ends < 0 ? bottom : ys[ends]!);
    const x = 50 + (column++ % 6) * 9;
    bands.push(
      `<g class="fault" data-a="${index}" data-b="${index}"><line x1="${x}" x2="${width}" y1="${ys[index]!}" y2="${ys[index]!}"/><rect x="${x}" y="${ys[index]!}" width="7" height="${to - ys[index]!}"/><text x="${x + 10}" y="${ys[index]! - 2}">${event.id}</text>${title(event)}</g>`,
    );
  });
  return bands;
}

/** What happened at one place: a point on its line of life, with its words beside it where they matter. */
function marks(
  events: readonly TraceEvent[],
  ys: readonly number[],
  xs: ReadonlyMap<number, number>,
  width: number,
  folded: ReadonlySet<number>,
): string[] {
  const drawn: string[] = [];
  /** How far down the words of each lane reach: later ones begin below. */
  const written = new Map<number, number>();
  events.forEach((event, index) => {
    const { kind, lane, text } = event;
    const y = ys[index]!;
    if (kind === "violation") {
      drawn.push(
        `<g class="violation" data-a="${index}" data-b="${index}"><line x1="0" x2="${width}" y1="${y}" y2="${y}"/><text x="4" y="${y - 4}">${escape(event.what)}</text>${title(event)}</g>`,
      );
      return;
    }
    const x = xs.get(lane);
    if (
      x === undefined ||
      kind === "send" ||
      kind === "arrive" ||
      kind === "lost" ||
      kind === "call" ||
      kind === "answer" ||
      kind === "cut" ||
      kind === "heal"
    )
      return;
    let words = "";
    if ((kind === "life" || kind === "role" || kind === "hit") && !folded.has(lane)) {
      const top = Math.max(y + 3, (written.get(lane) ?? -Infinity) + WORDS_HEIGHT);
      // Too far from its point it would tell of another; it is there for whoever points at it.
      if (top - y <= WORDS_FAR) {
        written.set(lane, top);
        words = `<text class="words" x="${x + 8}" y="${top}">${escape(text)}</text>`;
      }
    }
    drawn.push(
      `<g class="at ${kind}" data-a="${index}" data-b="${index}"><circle cx="${x}" cy="${y}" r="${words === "" ? 2.5 : 3.5}"/>${words}${title(event)}</g>`,
    );
  });
  return drawn;
}

/** The time, where there is room for it. */
function times(events: readonly TraceEvent[], ys: readonly number[]): string[] {
  const drawn: string[] = [];
  let last = -Infinity;
  events.forEach(({ atMs }, index) => {
    if (ys[index]! - last < 26) return;
    last = ys[index]!;
    drawn.push(`<text class="time" x="2" y="${last + 3}">${(atMs / 1000).toFixed(3)}</text>`);
  });
  return drawn;
}
