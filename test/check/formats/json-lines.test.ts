import assert from "node:assert/strict";
import { test } from "node:test";
import { readJsonLines } from "../../../packages/check/src/formats/json-lines.ts";
import { refused } from "./refused.ts";

test("each line is one event, and what is not known is passed over", () => {
  const { operations, events } = readJsonLines(
    [
      `{"process": 0, "type": "invoke", "f": "cas", "key": "k", "value": [null, "a"], "time": 17}`,
      `{"process": 1, "type": "invoke", "f": "put", "key": "k", "value": "b"}`,
      `{"process": 0, "type": "fail", "f": "cas", "key": "k"}`,
      `{"process": 1, "type": "fail", "f": "put", "key": "k", "error": "OVERLOADED"}`,
      `{"process": 0, "type": "invoke", "f": "get", "key": "k"}`,
      `{"process": 0, "type": "info", "f": "get", "key": "k"}`,
    ].join("\r\n"),
  );
  assert.equal(events, 5);
  assert.deepEqual(
    operations.map((each) => [each.f, each.argument, each.outcome]),
    [
      ["cas", [null, "a"], "fail"],
      ["put", "b", "not-applied"],
      ["get", null, "unknown"],
    ],
  );
});

test("a whole number is a key, as independent keys of Jepsen are", () => {
  const { operations } = readJsonLines(
    [
      `{"process": 0, "type": "invoke", "f": "put", "key": 7, "value": "a"}`,
      `{"process": 0, "type": "ok", "f": "put", "key": 7}`,
    ].join("\n"),
  );
  assert.deepEqual(
    operations.map(({ key, outcome }) => [key, outcome]),
    [["7", "ok"]],
  );
});

test("a line that cannot be read is named, with what was expected", () => {
  const read = (text: string) => () => readJsonLines(`\n\n${text}`);
  refused(read("{"), "BAD_FORMAT", 3, /line 3: expected one JSON object, found \{/);
  refused(read("[1]"), "BAD_FORMAT", 3, /expected one JSON object/);
  refused(read(`{"process": -1, "type": "ok", "f": "get"}`), "BAD_FORMAT", 3, /expected a "process" of 0 or more/);
  refused(
    read(`{"process": 1, "type": "done", "f": "get"}`),
    "BAD_FORMAT",
    3,
    /expected a "type" of invoke, ok, fail or info/,
  );
  refused(read(`{"process": 1, "type": "ok"}`), "BAD_FORMAT", 3, /expected the name of a function as "f"/);
  for (const key of ["1.5", "null", "[1]"]) {
    refused(
      read(`{"process": 1, "type": "ok", "f": "get", "key": ${key}}`),
      "BAD_FORMAT",
      3,
      /expected a string or a whole number as "key"/,
    );
  }
  refused(
    read(`{"process": 1, "type": "ok", "f": "get", "value": {}}`),
    "BAD_FORMAT",
    3,
    /expected a scalar or a list of scalars/,
  );
});
