import assert from "node:assert/strict";
import { test } from "node:test";

import fc from "fast-check";
import { ballotOf, type Quorum, quorumOf, SynodAcceptor, SynodProposer } from "@quorate/paxos";
import { incarnationOf, majorityOf } from "../cluster.ts";

const quorum: Quorum = quorumOf(majorityOf(1, 2, 3));
const proposer = (round: number, node: number, wish: string, of: Quorum = quorum): SynodProposer<string> =>
  new SynodProposer(ballotOf(round, node), of, wish);

test("an acceptor promises the same ballot again, a higher one, and no lower one", () => {
  const acceptor = new SynodAcceptor<string>();
  assert.deepEqual(acceptor.prepare(5), { ballot: 5, vote: null });
  assert.deepEqual(acceptor.prepare(5), { ballot: 5, vote: null });
  assert.equal(acceptor.prepare(4), null);
  assert.deepEqual(acceptor.prepare(6), { ballot: 6, vote: null });
});

test("an acceptor votes in the promised ballot or a higher one, and voting promises", () => {
  const acceptor = new SynodAcceptor<string>();
  acceptor.prepare(5);
  assert.equal(acceptor.accept(4, "a"), false);
  assert.equal(acceptor.accept(7, "b"), true);
  assert.equal(acceptor.accept(6, "c"), false);
  assert.equal(acceptor.prepare(6), null);
  assert.deepEqual(acceptor.prepare(8), { ballot: 8, vote: { ballot: 7, value: "b" } });
});

test("a proposer asks for its wish where a quorum reports no vote, and for nothing before that", () => {
  const one = proposer(1, 1, "a");
  assert.equal(one.promised(1, incarnationOf(1), { ballot: one.ballot, vote: null }), null);
  assert.deepEqual(one.promised(2, incarnationOf(2), { ballot: one.ballot, vote: null }), {
    ballot: one.ballot,
    value: "a",
  });
});

test("a proposer asks for the value of the highest ballot reported, in whatever order the promises come", () => {
  const votes = [
    { ballot: ballotOf(1, 1), value: "old" },
    { ballot: ballotOf(2, 2), value: "new" },
  ] as const;
  for (const order of [
    [0, 1],
    [1, 0],
  ] as const) {
    const three = proposer(3, 3, "own");
    order.forEach((index) =>
      three.promised(index + 1, incarnationOf(index + 1), { ballot: three.ballot, vote: votes[index] }),
    );
    assert.equal(three.promised(3, incarnationOf(3), { ballot: three.ballot, vote: null })!.value, "new");
  }
});

test("a promise that comes after the quorum does not change what is asked for", () => {
  const two = proposer(2, 2, "own");
  two.promised(1, incarnationOf(1), { ballot: two.ballot, vote: null });
  two.promised(2, incarnationOf(2), { ballot: two.ballot, vote: null });
  const late = { ballot: two.ballot, vote: { ballot: ballotOf(1, 1), value: "late" } };
  assert.equal(two.promised(3, incarnationOf(3), late)!.value, "own");
});

test("one voter answering twice is one voter, and another disk of it is none", () => {
  const one = proposer(1, 1, "a");
  for (let again = 0; again < 3; again++) {
    assert.equal(one.promised(1, incarnationOf(1), { ballot: one.ballot, vote: null }), null);
    assert.equal(one.promised(2, 999, { ballot: one.ballot, vote: null }), null);
  }
  one.promised(2, incarnationOf(2), { ballot: one.ballot, vote: null });
  for (let again = 0; again < 3; again++) {
    assert.equal(one.accepted(1, incarnationOf(1), one.ballot), false);
    assert.equal(one.accepted(2, incarnationOf(2), ballotOf(1, 2)), false, "a vote of another ballot");
  }
  assert.equal(one.accepted(2, incarnationOf(2), one.ballot), true);
});

test("a value once chosen is the only one ever asked for, whoever proposes, in whatever order messages arrive", () => {
  let contended = 0;
  let changedHands = 0;
  const step = fc.record({
    what: fc.constantFrom("prepare" as const, "promise" as const, "accept" as const, "accepted" as const),
    proposer: fc.nat({ max: 4 }),
    acceptor: fc.nat({ max: 2 }),
  });
  fc.assert(
    fc.property(fc.array(step, { minLength: 40, maxLength: 160, size: "max" }), (steps) => {
      const acceptors = [1, 2, 3].map(() => new SynodAcceptor<string>());
      const proposers = [0, 1, 2, 3, 4].map((index) => proposer(index + 1, (index % 3) + 1, `value ${index}`));
      const asked = new Map<number, string>();
      const chosen = new Set<string>();
      for (const { what, proposer: p, acceptor: a } of steps) {
        const acceptor = acceptors[a]!;
        const candidate = proposers[p]!;
        const node = a + 1;
        if (what === "prepare" || what === "promise") {
          const promise = acceptor.prepare(candidate.ballot);
          const vote = promise === null ? null : candidate.promised(node, incarnationOf(node), promise);
          if (vote !== null) {
            assert.equal(asked.get(vote.ballot) ?? vote.value, vote.value, "one value a ballot");
            asked.set(vote.ballot, vote.value);
          }
          continue;
        }
        const value = asked.get(candidate.ballot);
        if (value === undefined || !acceptor.accept(candidate.ballot, value)) continue;
        if (candidate.accepted(node, incarnationOf(node), candidate.ballot)) chosen.add(value);
      }
      assert.ok(chosen.size <= 1, `chosen: ${[...chosen].join()}`);
      if (asked.size > 2) contended++;
      if (chosen.size === 1 && [...asked.values()].filter((value) => chosen.has(value)).length > 1) changedHands++;
    }),
    { numRuns: 2_000, seed: 11 },
  );
  assert.ok(contended > 200, `three ballots that asked for a value: ${contended} runs of 2,000`);
  assert.ok(changedHands > 100, `a chosen value asked for again in a later ballot: ${changedHands} runs of 2,000`);
});
