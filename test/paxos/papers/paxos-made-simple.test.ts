/**
 * What L. Lamport, *Paxos Made Simple* (2001), claims, a test for each claim that matters here, in our words, with its section. Single-decree
 * claims are put to `synod`; those about a sequence of instances to the engine.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { ballotOf, nodeOf, type Quorum, quorumOf, roundOf, SynodAcceptor, SynodProposer } from "@quorate/paxos";
import { incarnationOf, majorityOf } from "../cluster.ts";
import { labOf } from "../lab.ts";
import { EngineAtADesk, only, promiseOf, shown, voteFor } from "./engine-at-a-desk.ts";
import { apart, batches, campaign, elect, kind, run } from "./in-a-lab.ts";

const three = majorityOf(1, 2, 3);
const quorum: Quorum = quorumOf(three);
const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

/** Phase 1 and 2 of one ballot at these acceptors; returns what was asked for, `null` without a quorum of promises. */
function ballotAt(
  acceptors: readonly SynodAcceptor<string>[],
  ballot: number,
  wish: string,
  promising: readonly number[],
  voting: readonly number[],
): { asked: string | null; chosen: boolean } {
  const proposer = new SynodProposer(ballot, quorum, wish);
  let asked: string | null = null;
  for (const node of promising) {
    const promise = acceptors[node - 1]!.prepare(ballot);
    if (promise !== null) asked = proposer.promised(node, incarnationOf(node), promise)?.value ?? null;
  }
  let chosen = false;
  if (asked !== null)
    for (const node of voting)
      if (acceptors[node - 1]!.accept(ballot, asked)) chosen = proposer.accepted(node, incarnationOf(node), ballot);
  return { asked, chosen };
}
const acceptors = (): SynodAcceptor<string>[] => [1, 2, 3].map(() => new SynodAcceptor<string>());

test("section 2.1: only a value that was proposed can be chosen, only one is, and nobody takes one as chosen that is not", () => {
  const lab = labOf(three);
  const one = elect(lab, 1);
  lab.propose(one, one.opening, "a");
  lab.deliver(kind("accept"));
  for (const node of lab.nodes) assert.equal(node.log.has(2), false, "one vote each, and nobody has counted");
  lab.settle();
  run(lab, 60);
  for (const node of lab.nodes) assert.equal(text(node.log.get(2)!.bytes), "a");
  lab.ghost.whole();
});

test("section 2.2, P1: an acceptor votes for the first proposal that it hears, though nobody else may propose", () => {
  assert.equal(new SynodAcceptor<string>().accept(ballotOf(1, 3), "a"), true);
  const desk = new EngineAtADesk(1, three);
  const ballot = ballotOf(1, 2);
  const entries = [voteFor("a", 1, ballot)];
  const said = desk.hear(2, { kind: "accept", ballot, startSlot: 1, entries, ackFrom: 1, ackTo: 0 });
  assert.equal(only(said, "accepted").at(-1)!.acceptedTo, 1);
});

test("section 2.2, P1a: an acceptor votes in a ballot if and only if it answered no prepare of a higher one", () => {
  const ballots = [ballotOf(1, 1), ballotOf(1, 2), ballotOf(2, 1)];
  for (const prepared of ballots) {
    for (const asked of ballots) {
      const acceptor = new SynodAcceptor<string>();
      acceptor.prepare(prepared);
      assert.equal(acceptor.accept(asked, "a"), asked >= prepared, `prepared ${prepared}, asked ${asked}`);
      const desk = new EngineAtADesk(3, three);
      desk.hear(nodeOf(prepared), { kind: "prepare", ballot: prepared, slotFrom: 1, chosenTo: 0 });
      const entries = [voteFor("a", 1, asked)];
      desk.hear(nodeOf(asked), { kind: "accept", ballot: asked, startSlot: 1, entries, ackFrom: 1, ackTo: 0 });
      assert.equal(desk.durable.accepted.length, asked >= prepared ? 1 : 0);
    }
  }
});

test("section 2.2, P2: once a value is chosen, every higher ballot that gets votes asks for that value", () => {
  const all = acceptors();
  assert.deepEqual(ballotAt(all, ballotOf(1, 1), "a", [1, 2], [1, 2]), { asked: "a", chosen: true });
  for (const [round, promising] of [
    [2, [2, 3]],
    [3, [1, 3]],
    [4, [1, 2]],
  ] as const)
    assert.deepEqual(ballotAt(all, ballotOf(round, 3), `own ${round}`, promising, promising), {
      asked: "a",
      chosen: true,
    });
});

test("section 2.2, P2a and P2b: an acceptor that never heard of the chosen value still cannot be asked for another one", () => {
  const lab = labOf(three);
  const one = elect(lab, 1);
  apart(lab, 3);
  lab.propose(one, one.opening, "a");
  lab.settle();
  assert.equal(text(one.log.get(2)!.bytes), "a");
  lab.cuts.clear();
  apart(lab, 1);
  const three3 = elect(lab, 3);
  assert.equal(text(three3.log.get(2)!.bytes), "a");
});

test("section 2.2, P2c: the value is that of the highest ballot among the votes of a quorum, and the proposer's own if there is none", () => {
  const own = acceptors();
  assert.equal(ballotAt(own, ballotOf(1, 1), "own", [1, 2], []).asked, "own");
  const voted = acceptors();
  voted[0]!.accept(ballotOf(1, 1), "older");
  voted[1]!.accept(ballotOf(2, 2), "newer");
  assert.equal(ballotAt(voted, ballotOf(3, 3), "own", [1, 2], []).asked, "newer");
  assert.equal(ballotAt(voted, ballotOf(4, 3), "own", [1, 3], []).asked, "older");
});

test("section 2.2, phase 1: a promise tells the vote of the highest ballot below, and binds against every lower ballot", () => {
  const acceptor = new SynodAcceptor<string>();
  acceptor.accept(ballotOf(1, 1), "first");
  acceptor.accept(ballotOf(2, 1), "second");
  assert.deepEqual(acceptor.prepare(ballotOf(3, 2)), {
    ballot: ballotOf(3, 2),
    vote: { ballot: ballotOf(2, 1), value: "second" },
  });
  assert.equal(acceptor.prepare(ballotOf(3, 1)), null);
  assert.equal(acceptor.accept(ballotOf(3, 1), "late"), false);
});

test("section 2.2: an acceptor need remember one vote and one promise, however many ballots it took part in", () => {
  const desk = new EngineAtADesk(1, three);
  for (let round = 1; round <= 50; round++) {
    const ballot = ballotOf(round, 2);
    const entries = [voteFor(`value ${round}`, 1, ballot)];
    desk.hear(2, { kind: "prepare", ballot, slotFrom: 1, chosenTo: 0 });
    desk.hear(2, { kind: "accept", ballot, startSlot: 1, entries, ackFrom: 1, ackTo: 0 });
  }
  assert.deepEqual(desk.durable.accepted.map(shown), ["1 value 50"]);
  assert.equal(desk.durable.promised, ballotOf(50, 2));
});

test("section 2.2: an acceptor tells a proposer that is too low so, and that one gives its ballot up", () => {
  const desk = new EngineAtADesk(1, three);
  desk.hear(3, { kind: "prepare", ballot: ballotOf(2, 3), slotFrom: 1, chosenTo: 0 });
  const low = ballotOf(1, 2);
  assert.deepEqual(desk.hear(2, { kind: "prepare", ballot: low, slotFrom: 1, chosenTo: 0 }), [
    { kind: "reject", ballot: low, promised: ballotOf(2, 3) },
  ]);
  const proposer = new EngineAtADesk(2, three);
  const [prepare] = only(proposer.campaign(), "prepare");
  proposer.hear(1, { kind: "reject", ballot: prepare!.ballot, promised: ballotOf(2, 3) });
  assert.deepEqual(only(proposer.hear(3, promiseOf(prepare!.ballot, [])), "accept"), [], "that ballot is over");
});

test("section 2.3: one distinguished learner hears of the votes and tells all others", () => {
  const lab = labOf(three);
  const one = elect(lab, 1);
  lab.propose(one, one.opening, "a");
  lab.deliver(kind("accept"));
  const votes = lab.wire.filter(kind("accepted"));
  assert.deepEqual(
    [...new Set(votes.map((flying) => flying.to))],
    [1],
    "followers send their votes to the leader alone",
  );
  lab.settle();
  assert.equal(lab.node(2).log.has(2), false);
  run(lab, 60);
  assert.equal(text(lab.node(2).log.get(2)!.bytes), "a");
});

test("section 2.3: a value may be chosen and nobody know; a new ballot finds it out", () => {
  const lab = labOf(three);
  const one = elect(lab, 1);
  lab.propose(one, one.opening, "a");
  lab.deliver(kind("accept", 1, 2));
  lab.pick(() => true);
  for (const node of lab.nodes) assert.equal(node.chosenTo, 1);
  assert.equal(lab.ghost.chosenTo, 2, "two disks hold it");
  lab.crash(one, 0);
  const two = elect(lab, 2);
  assert.equal(text(two.log.get(2)!.bytes), "a");
});

test("section 2.4: two proposers can keep each other from ever getting a value chosen; one alone gets through", () => {
  const all = acceptors();
  for (let round = 1; round <= 100; round++) {
    const proposer = round % 2 === 0 ? 1 : 2;
    const before = ballotAt(all, ballotOf(round, proposer), "a", [1, 2, 3], []);
    assert.notEqual(before.asked, null);
    for (const acceptor of all) acceptor.prepare(ballotOf(round + 1, 3 - proposer));
    for (const acceptor of all) assert.equal(acceptor.accept(ballotOf(round, proposer), "a"), false);
  }
  assert.equal(ballotAt(all, ballotOf(102, 1), "a", [1, 2], [1, 2]).chosen, true);
});

test("section 2.4: with a timeout each the engines come to one distinguished proposer, and no ballot follows", () => {
  const lab = labOf(majorityOf(1, 2, 3, 4, 5));
  for (const id of [1, 2, 3, 4, 5]) campaign(lab, id);
  run(lab, 3_000);
  const open = lab.nodes.filter((node) => node.opening > 0);
  assert.equal(open.length, 1);
  const { highest } = lab;
  run(lab, 3_000);
  assert.equal(lab.highest, highest);
});

test("section 2.4: safety asks for no success of the election: two leaders that both believe in it choose no two values", () => {
  const lab = labOf(three);
  const one = elect(lab, 1);
  apart(lab, 1);
  const two = elect(lab, 2);
  assert.ok(one.opening > 0 && two.opening > 0, "both are open");
  lab.propose(one, one.opening, "of 1");
  lab.propose(two, two.opening, "of 2");
  lab.settle();
  lab.cuts.clear();
  run(lab, 1_000);
  for (const node of lab.nodes) assert.deepEqual(batches(node), ["of 2"]);
  lab.ghost.whole();
});

test("section 2.5: an acceptor's answer leaves only once what it says stands in stable storage", () => {
  const lab = labOf(three);
  for (const node of lab.nodes) node.syncs = false;
  campaign(lab, 1);
  assert.equal(lab.wire.length, 0, "not even the prepare leaves: its own promise comes first");
  lab.sync(lab.node(1), Infinity);
  lab.deliver(kind("prepare", 1, 2));
  assert.equal(lab.wire.some(kind("promise")), false);
  lab.sync(lab.node(2), Infinity);
  assert.equal(lab.wire.some(kind("promise", 2, 1)), true);
  lab.deliver(kind("promise"));
  lab.deliver(kind("accept", 1, 2));
  assert.equal(
    lab.wire.filter(kind("accepted", 2)).some(({ message }) => message.kind === "accepted" && message.acceptedTo > 0),
    false,
  );
  lab.sync(lab.node(2), Infinity);
  assert.equal(
    lab.wire.filter(kind("accepted", 2)).some(({ message }) => message.kind === "accepted" && message.acceptedTo > 0),
    true,
  );
});

test("section 2.5: proposers draw from disjoint sets of numbers, and one that restarts goes on above those it used", () => {
  const lab = labOf(three);
  const used = new Set<number>();
  for (let round = 0; round < 20; round++) {
    for (const node of lab.nodes) {
      campaign(lab, node.id);
      const { promised } = node.engine.output();
      assert.equal(nodeOf(promised), node.id);
      assert.equal(used.has(promised), false, `ballot ${roundOf(promised)}.${node.id} is used twice`);
      used.add(promised);
      lab.restart(node);
    }
  }
  assert.equal(used.size, 60);
});

test("section 3: phase 1 is run once, with one number for all instances: afterwards a batch costs phase 2 only", () => {
  const lab = labOf(three);
  const one = elect(lab, 1);
  const kinds = new Set<string>();
  for (let count = 0; count < 100; count++) {
    lab.propose(one, one.opening, `${count}`);
    for (const { message } of lab.wire) kinds.add(message.kind);
    lab.settle();
  }
  assert.equal(one.chosenTo, 101);
  assert.deepEqual([...kinds].sort(), ["accept"]);
});

test("section 3: a new leader proposes again what phase 1 constrains, fills the gaps below with no-ops, and goes on above", () => {
  // The example of the paper, with slots 5 and 10 constrained, 1 to 4, 8 and 9 known, and nothing heard of 6 and 7.
  const old = ballotOf(1, 3);
  const known = [1, 2, 3, 4].map((slot) => voteFor(`known ${slot}`, slot, old));
  const desk = new EngineAtADesk(1, three, { promised: old, accepted: known, chosenTo: 4 });
  const [prepare] = only(desk.campaign(), "prepare");
  const { ballot } = prepare!;
  assert.equal(prepare!.slotFrom, 5);
  const votes = [5, 8, 9, 10].map((slot) => voteFor(`told ${slot}`, slot, old));
  const accepts = only(desk.hear(2, promiseOf(ballot, votes, 4)), "accept").flatMap((accept) => accept.entries);
  assert.deepEqual(accepts.map(shown), ["5 told 5", "6 noop", "7 noop", "8 told 8", "9 told 9", "10 told 10"]);
  assert.equal(desk.opening, 0);
  desk.hear(2, { kind: "accepted", ballot, acceptedTo: 10, chosenTo: 4 });
  assert.equal(desk.opening, ballot);
  const next = only(desk.propose("new"), "accept").flatMap((accept) => accept.entries);
  assert.deepEqual(next.map(shown), ["11 new"]);
});

test("section 3: a leader may run ahead by a bounded number of instances, and what it chose out of order is applied in order", () => {
  const desk = new EngineAtADesk(1, three);
  const [prepare] = only(desk.campaign(), "prepare");
  const { ballot } = prepare!;
  desk.hear(2, promiseOf(ballot, []));
  desk.hear(2, { kind: "accepted", ballot, acceptedTo: 1, chosenTo: 0 });
  for (const batch of ["a", "b", "c"]) assert.equal(only(desk.propose(batch), "accept").length, 1);
  assert.deepEqual(desk.chosen.map(shown), ["1 noop"]);
  desk.hear(3, { kind: "accepted", ballot, acceptedTo: 4, chosenTo: 0 });
  assert.deepEqual(desk.chosen.map(shown), ["1 noop", "2 a", "3 b", "4 c"]);
});

test("section 3: the set of servers is part of the state: a command changes it, and governs the instances above its own", () => {
  const lab = labOf(three, { spare: [4] });
  const one = elect(lab, 1);
  lab.turn(one, () => assert.equal(one.engine.changeMembers(majorityOf(1, 4)), null));
  run(lab, 500);
  assert.deepEqual(
    one.governing.members.voters.map((voter) => voter.node),
    [1, 4],
  );
  assert.equal(one.log.get(one.governing.slot)!.kind, "members");
  apart(lab, 2, 3);
  lab.propose(one, one.opening, "a");
  lab.settle();
  assert.equal(text(one.log.get(one.chosenTo)!.bytes), "a", "nodes 1 and 4 choose it alone");
});
