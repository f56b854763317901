/**
 * The byte-flip sweep: each byte of one replica's folder is flipped in turn, the three replicas are started over it, and what they have is compared
 * with what was acknowledged.
 *
 * - `--every N`: only each N-th byte. Default 1: all of them.
 * - `--from N`, `--to N`: only the bytes from N to below N, counted over all files of all scenes: a long sweep can be cut in parts.
 * - `--two`: the same byte counted from the other end of another replica's folder is flipped, too.
 * - `--json`: one line of JSON at the end.
 *
 * Exit code 1: something was lost, differs, was refused, had no vote, or did not serve.
 */
import { parseArgs } from "node:util";
import { makeScene, type SceneOptions, zeros } from "./scene.ts";
import { count, filesOf, flipsOf, isGood, newTally } from "./tally.ts";

const { values } = parseArgs({
  options: {
    every: { type: "string", default: "1" },
    from: { type: "string", default: "0" },
    to: { type: "string", default: "Infinity" },
    two: { type: "boolean", default: false },
    json: { type: "boolean", default: false },
  },
});

/** Unsealed and whole in the log; sealed, with a snapshot below. Both end with a value of 8 KiB. */
const SCENES: Readonly<Record<string, SceneOptions>> = {
  log: { writes: 205, zerosEvery: 60, checkpointEntries: 1_000_000, end: "kill" },
  snapshot: { writes: 205, zerosEvery: 60, checkpointEntries: 150, end: "close" },
};

const beganMs = Date.now();
const tally = newTally();
const every = Number(values.every);
const from = Number(values.from);
const to = Number(values.to);
let swept = 0;
/** Bytes of the scenes before. */
let base = 0;
for (const [name, options] of Object.entries(SCENES)) {
  const scene = makeScene(options);
  const two = [...flipsOf(scene, 2, 1)].reverse();
  const bytes = filesOf(scene, 1).reduce((sum, file) => sum + file.bytes, 0);
  if (!values.json)
    console.log(`${name}: ${bytes} bytes, ${scene.acknowledged.length} writes, the last of ${zeros("").length} bytes`);
  // In step with the scenes before: parts that begin at 0 to N - 1, with `--every N`, are together the whole.
  const first = from > base ? from - base : (every - ((base - from) % every)) % every;
  const flips = flipsOf(scene, 1, every, first, to - base);
  base += bytes;
  for (const flip of flips) {
    const other = two[swept++ % two.length]!;
    count(tally, scene, values.two ? [flip, other] : [flip]);
    if (!values.json && swept % 1_000 === 0) console.log(`${swept} flips, ${tally.repaired} repaired`);
  }
}
const seconds = Math.round((Date.now() - beganMs) / 100) / 10;
const result = { ...tally, seconds };
console.log(values.json ? JSON.stringify(result) : result);
process.exitCode = isGood(tally) ? 0 : 1;
