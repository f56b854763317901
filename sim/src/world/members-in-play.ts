import type { PeerMessage } from "@quorate/log";
import { decodeMembers, type Members, type Output, quorumOf, sameMembers, type Speaker } from "@quorate/paxos";
import type { Coverage } from "../coverage/sometimes.ts";
import { type ObservedRun, Unobservant } from "./observer.ts";

/** What a node knows chosen is taken for durable after this: longer than any write takes on a disk that does not stall. */
const DURABLE_AFTER_MS = 1500;

interface ChosenSet {
  readonly slot: number;
  readonly members: Members;
}

/** How far one disk holds what was chosen. */
interface Holding {
  readonly node: number;
  readonly incarnation: number;
  /** Everything to here is chosen and durable there. */
  slot: number;
  /** What it knew chosen at `seenMs`. */
  seenSlot: number;
  seenMs: number;
}

/** The name of one life of a disk. */
export function identityOf(node: number, incarnation: number): string {
  return `${node}:${incarnation}`;
}

/**
 * The sets of members that may still decide something: the one in force, those before it as long as a quorum of their successor does not hold
 * everything up to the change (rule 13), and those that were proposed after it.
 */
export class MembersInPlay extends Unobservant {
  /** Ascending by slot; the first is still needed. */
  #chosen: ChosenSet[] = [];
  #proposed: ChosenSet[] = [];
  readonly #holdings = new Map<string, Holding>();
  /** By node: the one that was asked for last. */
  readonly #recent: Holding[] = [];
  readonly #coverage: Coverage;
  #run: ObservedRun | null = null;

  constructor(coverage: Coverage) {
    super();
    this.#coverage = coverage;
  }

  override runBegan(run: ObservedRun): void {
    this.#run = run;
  }

  /** A message may propose a set, or say what a disk holds. */
  override messageSent(node: number, { incarnation }: Speaker, _to: readonly number[], message: PeerMessage): void {
    if (message.kind === "accept") {
      for (const { kind, slot, bytes } of message.entries) {
        if (kind !== "members" || slot <= this.slot) continue;
        const members = decodeMembers(bytes);
        if (members === null || this.#proposed.some((one) => one.slot === slot && sameMembers(one.members, members))) {
          continue;
        }
        this.#proposed.push({ slot, members });
      }
    } else if (message.kind === "heartbeat-answer" || message.kind === "accepted") {
      const holding = this.#holding(node, incarnation);
      holding.slot = Math.max(holding.slot, message.chosenTo);
    }
  }

  override output(node: number, { speaker, governing, chosenTo }: Output): void {
    const holding = this.#holding(node, speaker.incarnation);
    const { nowMs } = this.#run!;
    if (nowMs - holding.seenMs >= DURABLE_AFTER_MS) {
      holding.slot = Math.max(holding.slot, holding.seenSlot);
      holding.seenSlot = chosenTo;
      holding.seenMs = nowMs;
    }
    const { slot, members } = governing;
    if (slot <= this.slot) return;
    this.#chosen.push({ slot, members });
    if (slot > 0) this.#coverage.hit("members changed");
    this.#proposed = this.#proposed.filter((one) => one.slot > slot);
  }

  override processDied(node: number): void {
    this.#forget(node);
  }

  override powerLost(node: number): void {
    this.#forget(node);
  }

  /** Slot of the set in force; -1: nobody serves yet. */
  get slot(): number {
    return this.#chosen.at(-1)?.slot ?? -1;
  }

  /** The set in force; null: nobody serves yet. */
  get inForce(): Members | null {
    return this.#chosen.at(-1)?.members ?? null;
  }

  all(): readonly Members[] {
    while (this.#chosen.length > 1 && this.#covers(this.#chosen[1]!)) this.#chosen.shift();
    return [...this.#chosen, ...this.#proposed].map(({ members }) => members);
  }

  /** Whether an accept quorum of the set holds everything up to it. */
  #covers({ slot, members }: ChosenSet): boolean {
    return suffices(members, (node, incarnation) => this.#holding(node, incarnation).slot >= slot);
  }

  /** What the process only knew, and had not synced, is gone. */
  #forget(node: number): void {
    for (const holding of this.#holdings.values()) {
      if (holding.node !== node) continue;
      holding.seenSlot = holding.slot;
      holding.seenMs = -Infinity;
    }
  }

  #holding(node: number, incarnation: number): Holding {
    const recent = this.#recent[node];
    if (recent !== undefined && recent.incarnation === incarnation) return recent;
    const identity = identityOf(node, incarnation);
    let holding = this.#holdings.get(identity);
    if (holding === undefined) {
      holding = { node, incarnation, slot: 0, seenSlot: 0, seenMs: -Infinity };
      this.#holdings.set(identity, holding);
    }
    this.#recent[node] = holding;
    return holding;
  }
}

/** Whether the voters of whom `has` holds are a prepare quorum and an accept quorum. */
export function suffices(members: Members, has: (node: number, incarnation: number) => boolean): boolean {
  const quorum = quorumOf(members);
  let votes = 0;
  for (const { node, incarnation } of members.voters) {
    if (has(node, incarnation)) votes |= quorum.bit(node, incarnation);
  }
  return quorum.prepare(votes) && quorum.accept(votes);
}
