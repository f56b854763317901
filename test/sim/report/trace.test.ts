import assert from "node:assert/strict";
import { test } from "node:test";
import { causalPast, clockedEvents, shivizLog, SHIVIZ_EXPRESSION, traceText } from "@quorate/sim";
import { SAMPLE } from "./sample-trace.ts";

test("the causal past of an event holds what its process did, what was sent to it, and the faults; not what others did apart from it", () => {
  const { events } = SAMPLE;
  const past = causalPast(events, events.length - 1, []);
  const kept = events.filter((_, index) => past[index] === true).map(({ kind, id }) => `${kind} ${id}`);
  assert.deepEqual(kept, [
    "send 11",
    "arrive 11",
    "arrive 11",
    "vote 0",
    "fault 1",
    "life 0",
    "life 0",
    "end 1",
    "violation 0",
  ]);
});

test("an event that is nowhere in particular comes after all that happened on the lanes it is told", () => {
  const events = [...SAMPLE.events.slice(0, -1), { ...SAMPLE.events.at(-1)!, lane: 0 }];
  const past = causalPast(events, events.length - 1, [1]);
  assert.equal(past[events.findIndex(({ kind, lane }) => kind === "send" && lane === 1)], true);
  assert.equal(past[events.findIndex(({ kind, lane }) => kind === "vote" && lane === 2)], false);
});

test("a vector clock counts the events of each lane that an event comes after", () => {
  const arrived = clockedEvents(SAMPLE).find(({ lane, text }) => lane === "node2" && text.startsWith("accept"));
  assert.deepEqual(arrived?.clock, { node1: 1, node2: 1 });
});

test("every line pair of the ShiViz log is read by the expression that stands in its first line", () => {
  const [expression, , ...lines] = shivizLog(SAMPLE).trimEnd().split("\n");
  assert.equal(expression, SHIVIZ_EXPRESSION);
  const found = [...lines.join("\n").matchAll(new RegExp(expression!, "gu"))];
  assert.equal(found.length, lines.length / 2);
  for (const { groups } of found) JSON.parse(groups!["clock"]!);
});

test("the text of a trace has one line an event, with its sign in the column of its lane", () => {
  const text = traceText(SAMPLE, true);
  assert.match(text, /\(7 events before these were not kept\)/u);
  assert.match(text, /0\.0060 \* \. {3}\* {3}\. {3}\. {3}votes for v1 in slot 1, ballot 1\.1/u);
  assert.equal(traceText(SAMPLE, false).includes("accept"), false, "without messages, none is there");
});
