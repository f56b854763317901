import { readFileSync } from "node:fs";
import { LOCK_OPERATIONS } from "../clients/lock-operations.ts";
import { STORE_OPERATIONS } from "../clients/store-operations.ts";
import { FAULT_KINDS } from "../faults/schedule.ts";
import { configOf } from "../faults/swarm.ts";
import { INVARIANTS } from "../invariants/catalogue.ts";
import { PLANTS, QUORUMS, type RunConfig } from "../world/config.ts";
import type { Repro } from "./repro.ts";

/**
 * What is wrong with a saved run, stable: `UNREADABLE` the file cannot be read · `BAD_REPRO` it is no saved run of this simulator, or one of another version ·
 * `OTHER_MACHINE` it ran machines that whoever replays it does not have.
 */
export type ReproCode = "UNREADABLE" | "BAD_REPRO" | "OTHER_MACHINE";

/** A saved run that cannot be replayed. The message says why, and what to do. */
export class ReproError extends Error {
  readonly code: ReproCode;

  constructor(code: ReproCode, message: string) {
    super(message);
    this.name = "ReproError";
    this.code = code;
  }
}

/** What every field of a configuration looks like. */
const SAMPLE: RunConfig = configOf(0, { seconds: 1, nodes: 3, without: [], plant: "none" });

/** Fields that are one of a few words, or a list of such. */
const WORDS: Readonly<Record<string, readonly string[]>> = {
  quorum: QUORUMS,
  plant: PLANTS,
  kinds: FAULT_KINDS,
  lockOperations: LOCK_OPERATIONS,
  storeOperations: STORE_OPERATIONS,
};

/** Numbers that a run divides by, or cannot be without. */
const ONE_AT_LEAST: readonly string[] = ["nodes", "gapMs", "keys", "electionTimeoutMs", "windowSlots"];

type Json = Readonly<Record<string, unknown>>;

/** @throws ReproError `UNREADABLE`, or `BAD_REPRO` with the first field that is not as it must be. */
export function readRepro(file: string): Repro {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    throw new ReproError("UNREADABLE", `${file} cannot be read: ${(error as Error).message}`);
  }
  return parseRepro(text, file);
}

function parseRepro(text: string, file: string): Repro {
  const must = (holds: boolean, what: string): void => {
    if (!holds) {
      throw new ReproError("BAD_REPRO", `${file} is no saved run of this version of the simulator: ${what}`);
    }
  };
  let repro: unknown;
  try {
    repro = JSON.parse(text);
  } catch (error) {
    must(false, `it is no JSON (${(error as Error).message})`);
  }
  must(isObject(repro), "it must be an object");
  const { format, machines, invariant, seed, hash, config, schedule } = repro as Json;
  must(format === 2, `"format" must be 2`);
  must(
    isListOf(machines, (name) => typeof name === "string"),
    `"machines" must be names`,
  );
  must(
    typeof invariant === "string" && Object.hasOwn(INVARIANTS, invariant),
    `"invariant" must be one of the catalogue`,
  );
  must(isWhole(seed), `"seed" must be a whole number of 0 or more`);
  must(typeof hash === "string", `"hash" must be a text`);
  must(isObject(config), `"config" must be an object`);
  for (const [name, sample] of Object.entries(SAMPLE)) mustBeLike(name, sample, (config as Json)[name], must);
  must(((config as Json)["nodes"] as number) <= 9, `"config.nodes" must be 9 at most`);
  must(Array.isArray(schedule), `"schedule" must be a list of faults`);
  for (const [index, fault] of (schedule as readonly unknown[]).entries()) mustBeFault(index, fault, must);
  return repro as Repro;
}

function mustBeLike(name: string, sample: unknown, value: unknown, must: (holds: boolean, what: string) => void): void {
  const words = WORDS[name];
  const isWord = (word: unknown): boolean => words?.includes(word as string) === true;
  if (typeof sample === "number") {
    const least = ONE_AT_LEAST.includes(name) ? 1 : 0;
    must(Number.isFinite(value) && (value as number) >= least, `"config.${name}" must be a number of ${least} or more`);
  } else if (Array.isArray(sample)) {
    must(isListOf(value, isWord), `"config.${name}" must be a list of ${words!.join(", ")}`);
  } else if (words !== undefined) must(isWord(value), `"config.${name}" must be one of ${words.join(", ")}`);
  else must(typeof value === typeof sample, `"config.${name}" must be a ${typeof sample}`);
}

function mustBeFault(index: number, fault: unknown, must: (holds: boolean, what: string) => void): void {
  const where = `"schedule[${index}]`;
  must(isObject(fault), `${where}" must be a fault`);
  const { kind, ...numbers } = fault as Json;
  must(FAULT_KINDS.includes(kind as never), `${where}.kind" names a fault that is not known: ${String(kind)}`);
  for (const name of ["gapMs", "forMs", "node", "peer", "choice"]) {
    must(isWhole(numbers[name]), `${where}.${name}" must be a whole number of 0 or more`);
  }
}

function isObject(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isListOf(value: unknown, isOne: (each: unknown) => boolean): boolean {
  return Array.isArray(value) && value.every(isOne);
}

function isWhole(value: unknown): boolean {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
