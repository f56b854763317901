import { type Ballot, type Entry, showBallot } from "@quorate/paxos";
import type { Violation } from "./explorer.ts";

/** A vote that is, or was, on a disk. */
export interface Vote {
  readonly slot: number;
  readonly ballot: Ballot;
  readonly value: string;
}

/** What an all-seeing observer learns of one node. */
export interface News {
  readonly votes: readonly Vote[];
  /** What it took as chosen. */
  readonly known: readonly { readonly slot: number; readonly value: string }[];
  /** What it asked others to accept, as leader of `ballot`. */
  readonly asked: readonly Vote[];
}

export const NO_NEWS: News = { votes: [], known: [], asked: [] };

/** Everything ever learned of one node; never forgotten, by a crash neither. */
export interface Facts extends News {
  /** Highest ballot promised on disk. */
  readonly promised: Ballot;
}

/** Both together, each thing once, in an order of its own. */
export function together(one: News, other: News): News {
  return {
    votes: different([...one.votes, ...other.votes]),
    known: different([...one.known, ...other.known]),
    asked: different([...one.asked, ...other.asked]),
  };
}

function different<T>(items: readonly T[]): T[] {
  const byKey = new Map(items.map((item) => [JSON.stringify(item), item]));
  return [...byKey.keys()].sort().map((key) => byKey.get(key)!);
}

/** What was proposed, whoever votes for it in whatever ballot: origin, anchor, kind and bytes. */
export function valueOf(entry: Entry): string {
  return `${showBallot(entry.origin)} ${entry.kind}${entry.anchored ? " anchored" : ""} ${entry.bytes.join()}`;
}

/** A4, B2, B3, B4, C1 and C2 over the past of all nodes, with majority quorums. The first that does not hold. */
export function checkFacts(nodes: readonly Facts[]): Violation | null {
  const isQuorum = (count: number): boolean => count * 2 > nodes.length;

  for (const [index, { votes }] of nodes.entries()) {
    const cast = new Map<string, string>();
    for (const { slot, ballot, value } of votes) {
      const before = cast.get(`${slot} ${ballot}`);
      if (before !== undefined && before !== value)
        return wrong("A4", `node ${index + 1} voted twice for slot ${slot} in ballot ${showBallot(ballot)}`);
      cast.set(`${slot} ${ballot}`, value);
    }
  }

  const asked = new Map<string, string>();
  for (const one of nodes.flatMap((node) => node.asked)) {
    const key = `${one.slot} ${one.ballot}`;
    const before = asked.get(key);
    if (before !== undefined && before !== one.value)
      return wrong(
        "B2",
        `ballot ${showBallot(one.ballot)} asks for two values in slot ${one.slot}: ${before}; ${one.value}`,
      );
    asked.set(key, one.value);
  }

  const chosen = new Map<number, Set<string>>();
  for (const vote of nodes.flatMap((node) => node.votes)) {
    const count = nodes.filter((node) => hasVote(node, vote)).length;
    if (isQuorum(count)) chosen.set(vote.slot, (chosen.get(vote.slot) ?? new Set()).add(vote.value));
  }
  for (const [slot, values] of chosen)
    if (values.size > 1) return wrong("C1", `slot ${slot}: two values are chosen: ${[...values].join("; ")}`);

  for (const one of nodes.flatMap((node) => node.asked)) {
    const unsafe = notSafe(nodes, one, isQuorum);
    if (unsafe !== null) return unsafe;
  }

  for (const [index, { known }] of nodes.entries())
    for (const { slot, value } of known)
      if (!chosen.get(slot)?.has(value))
        return wrong("C2", `node ${index + 1} takes ${value} as chosen in slot ${slot}: no quorum has it durably`);
  return null;
}

/**
 * B3, as *safe at*: for each lower ballot there is a quorum whose members each voted for this very value in it, or never
 * voted in it and never will. What is safe stays safe, so it may be looked at later than when it was asked for.
 *
 * Source: L. Lamport, *Paxos* in TLA+, `SafeAt`; *Fast Paxos*, section 2.2.
 */
function notSafe(nodes: readonly Facts[], asked: Vote, isQuorum: (count: number) => boolean): Violation | null {
  const { slot, ballot, value } = asked;
  const lower = new Set(
    nodes.flatMap(({ votes }) => votes.filter((vote) => vote.slot === slot)).map((vote) => vote.ballot),
  );
  for (const one of nodes.flatMap((node) => node.asked)) if (one.slot === slot) lower.add(one.ballot);
  lower.add(ballot - 1);
  for (const below of lower) {
    if (below >= ballot) continue;
    const safe = nodes.filter(({ promised, votes }) => {
      const vote = votes.find((one) => one.slot === slot && one.ballot === below);
      return vote === undefined ? promised > below : vote.value === value;
    });
    if (!isQuorum(safe.length))
      return wrong(
        "B3",
        `ballot ${showBallot(ballot)} asks for ${value} in slot ${slot}: another value may be chosen in ${showBallot(below)} or below`,
      );
  }
  return null;
}

function hasVote({ votes }: Facts, { slot, ballot, value }: Vote): boolean {
  return votes.some((vote) => vote.slot === slot && vote.ballot === ballot && vote.value === value);
}

function wrong(invariant: string, why: string): Violation {
  return { invariant, why };
}
