import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { check, readHistory } from "@quorate/check";

/** Known histories and their verdicts. They stand beside the repository, not in it. */
const folder = fileURLToPath(new URL("../../../shared/histories/", import.meta.url));
const missing = existsSync(`${folder}verdicts.json`)
  ? false
  : `the known histories are not beside this repository (${folder})`;

interface KnownVerdict {
  readonly file: string;
  readonly expected: boolean;
  readonly ops: number;
  readonly pending: number;
  readonly firstBadEvent?: number | null;
  readonly badKeys?: readonly string[];
}

test("every known history has its known verdict, first bad event and bad keys", { skip: missing }, () => {
  const known = JSON.parse(readFileSync(`${folder}verdicts.json`, "utf8")) as KnownVerdict[];
  assert.equal(known.length, 64);
  for (const { file, expected, ops, pending, firstBadEvent, badKeys } of known) {
    const { history, model } = readHistory(readFileSync(folder + file, "utf8"));
    const open = history.operations.filter((each) => each.outcome === "unknown").length;
    assert.deepEqual([history.operations.length, open], [ops, pending], file);

    const result = check(history, model);
    assert.equal(result.verdict, expected ? "linearizable" : "not-linearizable", file);
    assert.equal(result.firstBadEventProven, !expected, file);
    if (firstBadEvent !== undefined) assert.equal(result.firstBadEvent, firstBadEvent ?? 0, file);
    if (badKeys === undefined) continue;
    const found = result.keys.filter((each) => each.verdict === "not-linearizable").map((each) => each.key);
    assert.deepEqual(found.toSorted(), badKeys, file);
    assert.ok(
      result.keys.every((each) => each.verdict !== "unknown"),
      file,
    );
  }
});
