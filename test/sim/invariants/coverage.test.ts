import assert from "node:assert/strict";
import { test } from "node:test";
import { B1, B2, batchOf, entryOf, Scene } from "./scene.ts";

test("a no-op fills a hole where somebody has a vote that the leader was not told of; where nobody has one it is only its beginning", () => {
  const scene = new Scene();
  scene.leads(1, B1, 2);
  scene.accepts(1, [entryOf(1, B1)]);
  assert.equal(scene.coverage.count("no-op where a minority had voted for something"), 0);
  scene.votes(1, entryOf(2, B1, batchOf(1)));
  scene.leads(2, B2, 3);
  scene.accepts(2, [entryOf(2, B2)]);
  assert.equal(scene.coverage.count("no-op where a minority had voted for something"), 1);
});

test("a torn end of a log is one that a power loss tore and of which recovery brought nothing back", () => {
  const scene = new Scene();
  scene.leads(1, B1, 2, 3);
  const loses = (node: number, isTorn: boolean, isCut: boolean): void => {
    const entry = entryOf(1, B1);
    scene.outputs(node, { records: [{ kind: "accepted", entry }] });
    scene.tell.powerLost(node);
    if (isTorn) scene.tell.logTorn(node);
    scene.begins(node, { promised: B1, accepted: isCut ? [] : [entry] });
  };
  loses(1, false, true);
  assert.equal(scene.coverage.count("unsynced end of a log cut"), 1);
  loses(2, true, false);
  assert.equal(scene.coverage.count("torn end of a log cut"), 0);
  loses(3, true, true);
  assert.equal(scene.coverage.count("torn end of a log cut"), 1);
  assert.deepEqual(scene.witnesses, []);
});
