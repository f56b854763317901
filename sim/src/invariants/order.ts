import type { Composite } from "@quorate/machine";
import {
  type Durable,
  type DurableRecord,
  type Entry,
  FIRST_STANDING,
  type Member,
  showBallot,
  type Standing,
  standingAfter,
} from "@quorate/paxos";
import type { GhostBallot } from "../ghost/ghost-ballot.ts";
import type { GhostNode } from "../ghost/ghost-node.ts";
import { showValue, type Value } from "../ghost/value.ts";
import { Checker } from "./checker.ts";

/** Log time is cut to whole milliseconds, and a batch is stamped in the turn in which it is written. */
const ROUNDING_MS = 1.5;
/** Bound on the drift of any clock. */
const DRIFT = 0.02;

/** O1 and O2: what counts in the log stands on the past that its proposer knew, and log time is no faster than time. */
export class OrderChecker extends Checker {
  #standing: Standing = FIRST_STANDING;
  #standingTo = 0;
  /** Whether a slot counts (rule 9), as follows from what is chosen. */
  readonly #counts: boolean[] = [];
  /** True time at which a batch was first written, by origin and slot. */
  readonly #bornMs = new Map<string, number>();
  readonly #states = new Map<number, { readonly revision: number; readonly digest: number }>();
  #last: { readonly slot: number; readonly bornMs: number; readonly logTimeMs: number } | null = null;

  override recorded(node: GhostNode, record: DurableRecord, value: Value | null): void {
    if (record.kind !== "accepted" || value!.kind !== "batch" || value!.origin !== record.entry.ballot) return;
    if (node.opening !== value!.origin) return;
    const key = `${value!.origin} ${value!.slot}`;
    if (!this.#bornMs.has(key)) this.#bornMs.set(key, this.ghost.nowMs);
  }

  /** O1: anchored is what was proposed when everything below was chosen. */
  override proposed(node: GhostNode, led: GhostBallot, _entry: Entry, value: Value, before: Value | null): void {
    if (before !== null || !value.anchored || value.origin !== led.ballot || value.kind === "members") return;
    const { log } = this.ghost;
    if (value.slot - 1 <= log.chosenTo) return;
    const chosen = `chosen is what stands to slot ${log.chosenTo}`;
    this.report("O1", `node ${node.id} anchors ${showValue(value)} in slot ${value.slot}; ${chosen}`);
  }

  /** Takes in what is chosen by now. */
  #advance(): void {
    const { log } = this.ghost;
    while (this.#standingTo < log.chosenTo) {
      const slot = this.#standingTo + 1;
      const value = log.chosen(slot)!;
      const after = standingAfter(this.#standing, value);
      this.#counts[slot] = after.carries;
      if (after.carries && !value.anchored) this.#standsOnItsPast(slot, value);
      this.#standing = after;
      this.#standingTo = slot;
    }
  }

  #standsOnItsPast(slot: number, value: Value): void {
    const below = this.ghost.log.chosen(slot - 1);
    const past = this.ghost.ballots.get(value.origin)?.proposals.get(slot - 1);
    if (past === undefined || past === below) return;
    const stands = `it stands on ${below === null ? "nothing" : showValue(below)}, and ${showBallot(value.origin)} had proposed ${showValue(past)} there`;
    this.report("O1", `slot ${slot} counts with ${showValue(value)}; ${stands}`);
  }

  override replicaBegan(id: number, _self: Member, _life: number, _durable: Durable, composite: Composite): void {
    this.#states.set(id, stateOf(composite));
  }

  override snapshotInstalled(id: number, _head: unknown, composite: Composite): void {
    this.#states.set(id, stateOf(composite));
  }

  override applied(id: number, entry: Entry, counted: boolean, composite: Composite): void {
    this.#advance();
    const { slot } = entry;
    const counts = this.#counts[slot] ?? false;
    if (entry.kind === "batch" && counted !== counts && slot <= this.#standingTo) {
      const how = counted ? "takes in" : "takes for void";
      this.report("O1", `node ${id} ${how} slot ${slot}, which ${counts ? "counts" : "is void"}`);
    }
    const before = this.#states.get(id);
    const isChanged =
      before !== undefined && (before.revision !== composite.revision || before.digest !== composite.digest);
    if (!counted && isChanged) {
      this.report(
        "O1",
        `node ${id}: slot ${slot}, which is void, took revision ${before.revision} to ${composite.revision}`,
      );
    }
    if (isChanged || before === undefined) this.#states.set(id, stateOf(composite));
    if (counted && entry.kind === "batch") this.#isNoFaster(entry, composite.logTimeMs);
  }

  /** O2, while clocks hold, when a slot is applied for the first time anywhere. */
  #isNoFaster(entry: Entry, logTimeMs: number): void {
    const { slot, origin } = entry;
    if (this.#last !== null && slot <= this.#last.slot) return;
    const bornMs = this.#bornMs.get(`${origin} ${slot}`);
    if (bornMs === undefined) return;
    if (this.#last !== null && this.ghost.allKeepTime()) {
      const passedMs = bornMs - this.#last.bornMs;
      const countedMs = logTimeMs - this.#last.logTimeMs;
      if (countedMs > passedMs * (1 + DRIFT) + ROUNDING_MS) {
        const between = `between slots ${this.#last.slot} and ${slot}`;
        const both = `log time went on by ${countedMs} ms, and time by ${passedMs.toFixed(3)} ms`;
        this.report("O2", `${between} ${both} (stamped by ${showBallot(origin)})`);
      }
    }
    this.#last = { slot, bornMs, logTimeMs };
  }
}

function stateOf({ revision, digest }: Composite): { readonly revision: number; readonly digest: number } {
  return { revision, digest };
}
