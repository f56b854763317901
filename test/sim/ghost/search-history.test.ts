import assert from "node:assert/strict";
import { test } from "node:test";
import type { RevisionedOperation } from "@quorate/check";
import { searchHistory } from "../../../sim/src/ghost/search-history.ts";

const base = { process: 1, key: "k", value: null, sees: "nothing", seenValue: null, seenModRevision: 0 } as const;
const put = (value: string, revision: number, from: number, to: number): RevisionedOperation => ({
  ...base,
  kind: "write",
  value,
  revision,
  invokedAt: from,
  returnedAt: to,
});
const get = (value: string | null, modRevision: number, from: number, to: number): RevisionedOperation => ({
  ...base,
  kind: "read",
  sees: "entry",
  seenValue: value,
  seenModRevision: modRevision,
  revision: modRevision,
  invokedAt: from,
  returnedAt: to,
});

test("a history is linearizable by its values, though one write is of unknown outcome", () => {
  const history = [put("a", 1, 1, 2), put("b", 0, 3, Infinity), get("b", 2, 4, 5), get("b", 2, 6, 7)];
  assert.equal(searchHistory(history).verdict, "linearizable");
});

test("a read that goes back is not linearizable, and a compare-and-set stands for the value of its version", () => {
  assert.equal(searchHistory([put("a", 1, 1, 2), put("b", 2, 3, 4), get("a", 1, 5, 6)]).verdict, "not-linearizable");
  const swap: RevisionedOperation = { ...put("c", 3, 5, 6), sees: "version", seenModRevision: 1 };
  const back = searchHistory([put("a", 1, 1, 2), put("b", 2, 3, 4), swap]);
  assert.equal(back.verdict, "not-linearizable");
  assert.match(back.witness, /cas/u);
});

test("a search that runs out of steps says that it does not know", () => {
  const history = Array.from({ length: 40 }, (_, index) => put(`v${index}`, 0, 1, Infinity));
  assert.equal(searchHistory([...history, get("no", 99, 2, 3)], 50).verdict, "unknown");
});
