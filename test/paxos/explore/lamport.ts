import type { System, Violation } from "./explorer.ts";
import { Numbered } from "./numbered.ts";

interface Acceptor {
  readonly maxBal: number;
  readonly maxVBal: number;
  /** −1: none. */
  readonly maxVal: number;
  /** Numbers of the messages it sent. */
  readonly said: readonly number[];
}

/** `1a`: ballot. `1b`: acceptor, ballot, maxVBal, maxVal. `2a`: ballot, value. `2b`: acceptor, ballot, value. */
type Said =
  | { readonly type: "1a"; readonly bal: number }
  | { readonly type: "1b"; readonly acc: number; readonly bal: number; readonly mbal: number; readonly mval: number }
  | { readonly type: "2a"; readonly bal: number; readonly val: number }
  | { readonly type: "2b"; readonly acc: number; readonly bal: number; readonly val: number };

/**
 * Paxos as Lamport specified it, action for action (*Paxos* in the TLA+ examples; L. Lamport, *Paxos Made Simple*,
 * section 2.2): Phase1a, Phase1b, Phase2a and Phase2b over a set of messages that never shrinks. Shows that the explorer
 * is right: with 3 acceptors, 2 values and ballots 0 and 1 there are exactly 3,921 states.
 */
export class LamportSystem implements System {
  readonly width: number;
  readonly firsts: readonly (readonly number[])[];
  private readonly acceptors: number;
  private readonly values: number;
  private readonly ballots: number;
  private readonly messages = new Numbered<Said>();
  private readonly states = new Numbered<Acceptor>();
  /** What proposers sent: messages 1a and 2a. */
  private readonly proposed = new Numbered<readonly number[]>();

  constructor(acceptors: number, values: number, ballots: number) {
    this.acceptors = acceptors;
    this.values = values;
    this.ballots = ballots;
    this.width = acceptors + 1;
    const start = this.acceptor({ maxBal: -1, maxVBal: -1, maxVal: -1, said: [] });
    this.firsts = [[...Array.from({ length: acceptors }, () => start), this.proposedSet([])]];
  }

  successors(state: Int32Array, next: Int32Array, reached: () => void): void {
    const asked = this.proposed.at(state[this.acceptors]!);
    const ask = (said: Said): void => {
      next[this.acceptors] = this.proposedSet([...asked, this.message(said)]);
      reached();
      next[this.acceptors] = state[this.acceptors]!;
    };
    for (let bal = 0; bal < this.ballots; bal++) {
      ask({ type: "1a", bal });
      for (let val = 0; val < this.values; val++) if (this.mayAsk(state, bal, val)) ask({ type: "2a", bal, val });
    }
    for (let acc = 0; acc < this.acceptors; acc++) {
      const { maxBal, maxVBal, maxVal, said } = this.states.at(state[acc]!);
      for (const number of asked) {
        const message = this.messages.at(number);
        const { bal } = message;
        if (message.type === "1a" && bal > maxBal) {
          const answer = this.message({ type: "1b", acc, bal, mbal: maxVBal, mval: maxVal });
          next[acc] = this.acceptor({ maxBal: bal, maxVBal, maxVal, said: [...said, answer] });
        } else if (message.type === "2a" && bal >= maxBal) {
          const vote = this.message({ type: "2b", acc, bal, val: message.val });
          next[acc] = this.acceptor({ maxBal: bal, maxVBal: bal, maxVal: message.val, said: [...said, vote] });
        } else continue;
        reached();
        next[acc] = state[acc]!;
      }
    }
  }

  /** Phase2a: no 2a of this ballot yet, and a majority whose 1b allow this value. */
  private mayAsk(state: Int32Array, bal: number, val: number): boolean {
    const asked = this.proposed.at(state[this.acceptors]!).map((number) => this.messages.at(number));
    if (asked.some((message) => message.type === "2a" && message.bal === bal)) return false;
    const promises = this.said(state).filter((message) => message.type === "1b" && message.bal === bal);
    for (let quorum = 1; quorum < 1 << this.acceptors; quorum++) {
      const inQuorum = promises.filter((one) => one.type === "1b" && (quorum >> one.acc) % 2 === 1);
      const nodes = Array.from({ length: this.acceptors }, (_, acc) => acc).filter((acc) => (quorum >> acc) % 2 === 1);
      if (nodes.length * 2 <= this.acceptors) continue;
      if (!nodes.every((acc) => inQuorum.some((one) => one.type === "1b" && one.acc === acc))) continue;
      const voted = inQuorum.filter((one) => one.type === "1b" && one.mbal >= 0);
      if (voted.length === 0) return true;
      const highest = Math.max(...voted.map((one) => (one.type === "1b" ? one.mbal : -1)));
      if (voted.some((one) => one.type === "1b" && one.mbal === highest && one.mval === val)) return true;
    }
    return false;
  }

  /** C1: at most one value has a majority of 2b in one ballot. */
  violation(state: Int32Array): Violation | null {
    const votes = this.said(state).filter((message) => message.type === "2b");
    const chosen = new Set<number>();
    for (const one of votes) {
      const same = votes.filter((other) => other.bal === one.bal && other.val === one.val);
      if (same.length * 2 > this.acceptors) chosen.add(one.val);
    }
    return chosen.size > 1 ? { invariant: "C1", why: `values ${[...chosen].join(" and ")} are chosen` } : null;
  }

  wrongAfterAll(): null {
    return null;
  }

  label(state: Int32Array, next: Int32Array): string {
    const before = new Set([...this.said(state), ...this.asked(state)]);
    const news = [...this.said(next), ...this.asked(next)].filter((message) => !before.has(message));
    return news.map((message) => JSON.stringify(message)).join();
  }

  private said(state: Int32Array): Said[] {
    return Array.from({ length: this.acceptors }, (_, acc) => this.states.at(state[acc]!).said)
      .flat()
      .map((number) => this.messages.at(number));
  }

  private asked(state: Int32Array): Said[] {
    return this.proposed.at(state[this.acceptors]!).map((number) => this.messages.at(number));
  }

  private message(said: Said): number {
    return this.messages.of(JSON.stringify(said), () => said);
  }

  private acceptor(acceptor: Acceptor): number {
    const said = [...new Set(acceptor.said)].sort((one, other) => one - other);
    const state = { ...acceptor, said };
    return this.states.of(JSON.stringify(state), () => state);
  }

  private proposedSet(messages: readonly number[]): number {
    const set = [...new Set(messages)].sort((one, other) => one - other);
    return this.proposed.of(set.join(), () => set);
  }
}
