import type { ConfigWishes } from "../world/config.ts";

/** What a campaign must have reached, or it has not tested it. */
export const SOMETIMES = [
  "three leaders in one slot",
  "promise carrying a vote",
  "promises of two values for one slot",
  "no-op where a minority had voted for something",
  "ballot rejected",
  "snapshot installed while running",
  "snapshot installed below votes",
  "snapshot overtaken by the log on its way",
  "torn end of a log cut",
  "unsynced end of a log cut",
  "power lost while a file was made",
  "sync of a snapshot failed",
  "retry answered from the session after a fail-over",
  "lock given on after its holder was lost",
  "lock held on after it was taken by force",
  "lock believed in after it was given on at once",
  "lock shared by two",
  "unknown outcome, applied",
  "unknown outcome, not applied",
  "corruption in the middle of a log repaired",
  "corrupt frame refused",
  "members changed",
  "slots in flight below an open membership change",
  "wiped disk back under another incarnation",
  "old copy of a disk put back",
  "read lease expired while reading",
] as const;

/** One of {@link SOMETIMES}. */
export type Sometimes = (typeof SOMETIMES)[number];

/** A campaign of this many simulated seconds must have hit everything that it must sometimes hit. */
const COVERED_AFTER_SECONDS = 5000;

/** What a campaign should have hit and has not: of a short one nothing, nor of one whose wishes keep something away from it. */
export function missedBy(
  counts: ReadonlyMap<string, number>,
  simulatedSeconds: number,
  { nodes, without, plant }: ConfigWishes,
): readonly Sometimes[] {
  const isAll = nodes === 0 && without.length === 0 && plant === "none";
  if (!isAll || simulatedSeconds < COVERED_AFTER_SECONDS) return [];
  return SOMETIMES.filter((name) => (counts.get(name) ?? 0) === 0);
}

/** How often each was hit. */
export class Coverage {
  readonly #counts = new Map<Sometimes, number>(SOMETIMES.map((name) => [name, 0]));

  hit(name: Sometimes): void {
    this.#counts.set(name, this.#counts.get(name)! + 1);
  }

  count(name: Sometimes): number {
    return this.#counts.get(name)!;
  }

  all(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#counts);
  }
}
