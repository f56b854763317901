import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { makeScene, type SceneOptions } from "./scene.ts";
import { count, flipsOf, newTally, type Tally } from "./tally.ts";

const LOG: SceneOptions = { writes: 205, zerosEvery: 60, checkpointEntries: 1_000_000, end: "kill" };
const SNAPSHOT: SceneOptions = { writes: 60, zerosEvery: 25, checkpointEntries: 40, end: "close" };

/** The three replicas end up alike, with everything that was acknowledged, and with three votes. */
function expectNothingLost(tally: Tally): void {
  const { refused, mute, stuck, lost, diverged, examples } = tally;
  assert.deepEqual(
    { refused, mute, stuck, lost, diverged },
    { refused: {}, mute: 0, stuck: 0, lost: 0, diverged: 0 },
    examples[0],
  );
  assert.deepEqual(examples, []);
}

// Samples of `npm run sweep`, which flips every byte. No two samples of a file fall on the same place of a record, of a sector or of the pattern.
describe("one flipped byte in the folder of one of three replicas", () => {
  it("Anywhere in a log of 200 write units: nothing acknowledged is lost, no vote is, and the replicas agree.", () => {
    const scene = makeScene(LOG);
    const tally = newTally();
    for (const flip of flipsOf(scene, 1, 3_301, 17)) count(tally, scene, [flip]);
    expectNothingLost(tally);
    assert.ok(tally.repaired >= 8, `${tally.repaired} of ${tally.bytes} had to be repaired`);
    assert.ok(tally.found >= 8, `${tally.found} of ${tally.bytes} were found, and hurt nothing`);
  });

  it("Anywhere in a folder with a snapshot, sealed: the same.", () => {
    const scene = makeScene(SNAPSHOT);
    const tally = newTally();
    for (const flip of flipsOf(scene, 1, 2_503, 5)) count(tally, scene, [flip]);
    const path = scene.disks
      .get(1)!
      .paths()
      .find((each) => each.startsWith("snapshot/"))!;
    for (const position of [3, 30, 75, 300]) count(tally, scene, [{ node: 1, path, position, bit: 2 }]);
    expectNothingLost(tally);
    assert.ok(tally.repaired >= 4, `${tally.repaired} of ${tally.bytes} had to be repaired`);
  });

  it("And at another place of another replica at the same time: the same, for the third can speak for both.", () => {
    const scene = makeScene(LOG);
    const tally = newTally();
    const others = [...flipsOf(scene, 2, 3_301, 29)].reverse();
    let at = 0;
    for (const flip of flipsOf(scene, 1, 6_607, 41)) count(tally, scene, [flip, others[at++]!]);
    expectNothingLost(tally);
  });
});
