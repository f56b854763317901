import { OWN_MACHINES } from "../../clients/own-subject.ts";
import type { Repro } from "../repro.ts";
import { causalPast } from "../trace/causal-past.ts";
import type { Trace } from "../trace/trace.ts";
import { escape } from "./escape.ts";
import { lanesFolded } from "./lanes-folded.ts";
import { lanesNamed, slotsNamed } from "./lanes-named.ts";
import { PAGE_SCRIPT } from "./script.ts";
import { spaceTime } from "./space-time.ts";
import { PAGE_STYLE } from "./style.ts";

/** Kinds of messages that say little about most failures: there at a click. */
const QUIET = new Set(["heartbeat", "heartbeat-answer", "digest", "forming", "canvass", "canvass-answer"]);

/**
 * A failure as one page that needs nothing else, in a browser: what must hold and how it did not, the faults as a story, the space-time diagram with what cannot have had a
 * hand in it faded, and what each node had voted for, slot by slot, at any moment.
 */
export function tracePage(repro: Repro, trace: Trace): string {
  const { invariant, sentence, witness, seed, hash, story, ledger, neighbours } = repro;
  const last = trace.events.length - 1;
  const named = lanesNamed(witness, trace.lanes);
  const past = last < 0 ? [] : causalPast(trace.events, last, named);
  const folded = lanesFolded(trace, past, named);
  const { svg, heights } = spaceTime(trace, folded);
  const accused = { slots: slotsNamed(witness), lanes: named.length === trace.lanes.length ? [] : named };
  const kinds = [...new Set(trace.events.filter(({ kind }) => kind === "send").map(({ what }) => what))].sort();
  const boxes = kinds.map((kind) => {
    const checked = QUIET.has(kind) ? "" : " checked";
    return `<label><input type="checkbox" data-kind="${escape(kind)}"${checked}> ${escape(kind)}</label>`;
  });
  const told = story.map((line) => `<li>${escape(line)}</li>`).join("");
  const needed = neighbours.map((line) => `<li>${escape(line)}</li>`).join("");
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>${escape(`${invariant}, seed ${seed}`)}</title><style>${PAGE_STYLE}</style></head>
<body><aside>
<h1><b>${invariant}</b> ${escape(sentence)}</h1>
<p class="why">${escape(witness)}</p>
<p>Again: <code>${escape(howAgain(repro))}</code> (hash <code>${hash}</code>)</p>
<h2>Faults</h2>
${told === "" ? "<p>None is needed.</p>" : `<ol>${told}</ol>`}
<h2>Made small</h2>
<p>${ledger.map(escape).join("<br>")}</p>
${needed === "" ? "" : `<ul>${needed}</ul>`}
<h2>Votes on disk</h2>
<p id="moment-text"></p><input id="moment" type="range" min="0" value="0" aria-label="moment">
<table id="votes"></table>
<h2>Shown</h2>
<p><label><input id="only-past" type="checkbox" checked> fade what cannot have had a hand in it</label></p>
<p>${boxes.join(" ")}</p>
<p><input id="find" type="search" placeholder="light up by word" aria-label="light up by word"></p>
<p class="key"><i class="both"></i> two that are cut off from each other <i class="one"></i> one direction <i class="fault"></i> while a fault lasts</p>
<p>${folded.size === 0 ? "" : "Narrow lanes had no part in it. "}Click an event to see what it comes after; hover for its words.${trace.droppedEvents === 0 ? "" : ` ${trace.droppedEvents} events before the first shown were not kept.`}</p>
</aside><main>${svg}</main>
<script>const trace = ${embedded({ lanes: trace.lanes, events: trace.events })};
const past = ${embedded(past)};
const accused = ${embedded(accused)};
const folded = ${embedded([...folded])};
const heights = ${embedded(heights)};
${PAGE_SCRIPT}</script></body></html>
`;
}

/** What replays the file beside the page: the command has the project's own machines, and no others. */
function howAgain({ machines, seed, invariant }: Repro): string {
  const file = `repro-${seed}-${invariant}.json`;
  const isOwn = machines.join() === OWN_MACHINES.join();
  return isOwn ? `npm run sim -- --replay ${file}` : `simulate({ …, replay: readRepro("${file}") })`;
}

/** Data inside a script element: nothing in it can end the element. */
function embedded(value: unknown): string {
  return JSON.stringify(value).replaceAll("<", "\\u003c");
}
