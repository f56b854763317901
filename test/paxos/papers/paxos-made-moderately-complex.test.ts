/**
 * What R. van Renesse, D. Altinbuken, *Paxos Made Moderately Complex* (2015), claims, a test for each claim that matters here, in our words.
 * Its commanders and scouts are the two phases of a ballot here, its replicas the host with the learner; its p-values are votes.
 * Sections: 2 (replicas, acceptors, commanders, scouts, leaders), 3 (liveness), 4 (making it pragmatic).
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { ballotOf, ENGINE_DEFAULTS, type Learn, roundOf, showBallot } from "@quorate/paxos";
import { majorityOf } from "../cluster.ts";
import { type Lab, labOf } from "../lab.ts";
import { keyed } from "../world.ts";
import { EngineAtADesk, only, promiseOf, shown, voteFor } from "./engine-at-a-desk.ts";
import { apart, batches, campaign, elect, kind, run } from "./in-a-lab.ts";

const three = majorityOf(1, 2, 3);
/** Messages of three contending leaders, in an order that depends on nothing but `seed`; a ghost checks each step. */
function contend(lab: Lab, seed: number, steps: number): void {
  for (let step = 0; step < steps; step++) {
    const draw = keyed(seed, step);
    const node = lab.nodes[draw % lab.nodes.length]!;
    if (draw % 7 === 0) campaign(lab, node.id);
    else if (draw % 7 === 1) lab.propose(node, node.opening, `${step}`);
    else if (lab.wire.length > 0) {
      const index = keyed(seed, step, 1) % lab.wire.length;
      const [flying] = lab.wire.splice(index, 1);
      lab.arrive(flying!);
    }
  }
}

/** A leader at a desk, open in its ballot with node 2's promise and votes. */
function openDesk(): { desk: EngineAtADesk; ballot: number } {
  const desk = new EngineAtADesk(1, three);
  const [prepare] = only(desk.campaign(), "prepare");
  const { ballot } = prepare!;
  desk.hear(2, promiseOf(ballot, []));
  desk.hear(2, { kind: "accepted", ballot, acceptedTo: 1, chosenTo: 0 });
  assert.equal(desk.opening, ballot);
  return { desk, ballot };
}

test("section 2, acceptors: the ballot number of an acceptor only grows, in whatever order messages come", () => {
  for (let seed = 0; seed < 30; seed++) {
    const lab = labOf(three);
    const highest = new Map(lab.nodes.map((node) => [node.id, 0]));
    for (let part = 0; part < 20; part++) {
      contend(lab, keyed(seed, part), 20);
      for (const node of lab.nodes) {
        assert.ok(node.durable.promised >= highest.get(node.id)!, `node ${node.id} fell below`);
        highest.set(node.id, node.durable.promised);
      }
    }
    assert.ok(Math.max(...highest.values()) > ballotOf(3, 1), "many ballots were tried");
  }
});

test("section 2, acceptors: a vote is cast in the acceptor's own ballot number, which a higher accept raises first", () => {
  const desk = new EngineAtADesk(3, three);
  desk.hear(1, { kind: "prepare", ballot: ballotOf(2, 1), slotFrom: 1, chosenTo: 0 });
  for (const [ballot, votes] of [
    [ballotOf(1, 2), 0],
    [ballotOf(2, 1), 1],
    [ballotOf(3, 2), 1],
  ] as const) {
    const entries = [voteFor(showBallot(ballot), 1, ballot)];
    desk.hear(ballot % 1024, { kind: "accept", ballot, startSlot: 1, entries, ackFrom: 1, ackTo: 0 });
    assert.equal(desk.durable.accepted.length, votes);
    if (votes > 0) assert.equal(desk.durable.accepted[0]!.ballot, desk.durable.promised);
  }
});

test("section 2, acceptors: a vote is never taken back, only followed by one of a higher ballot", () => {
  let followed = 0;
  for (let seed = 0; seed < 30; seed++) {
    const lab = labOf(three);
    const votes = new Map<string, number>();
    for (let part = 0; part < 20; part++) {
      contend(lab, keyed(seed, part, 2), 20);
      for (const node of lab.nodes) {
        const held = new Map(node.durable.accepted.map((entry) => [entry.slot, entry.ballot]));
        for (const [key, ballot] of votes) {
          const [id, slot] = key.split(" ").map(Number) as [number, number];
          if (id !== node.id) continue;
          assert.ok((held.get(slot) ?? 0) >= ballot, `node ${id} lost its vote in slot ${slot}`);
          if (held.get(slot)! > ballot) followed++;
        }
        for (const [slot, ballot] of held) votes.set(`${node.id} ${slot}`, ballot);
      }
    }
  }
  assert.ok(followed > 50, `${followed} votes were followed by higher ones`);
});

test("section 2, acceptors: in one ballot and slot no two acceptors ever hold different commands", () => {
  let pairs = 0;
  for (let seed = 0; seed < 60; seed++) {
    const lab = labOf(three);
    contend(lab, seed, 300);
    const commands = new Map<string, string>();
    for (const node of lab.nodes) {
      for (const entry of node.durable.accepted) {
        const key = `${entry.slot} ${entry.ballot}`;
        if (commands.has(key)) pairs++;
        assert.equal(commands.get(key) ?? shown(entry), shown(entry), key);
        commands.set(key, shown(entry));
      }
    }
  }
  assert.ok(pairs > 60, `${pairs} votes were held by two nodes`);
});

test("section 2, acceptors and commanders: once a majority holds a command, any vote of a higher ballot is for that command", () => {
  let outvoted = 0;
  for (let seed = 100; seed < 160; seed++) {
    const lab = labOf(three);
    const chosen = new Map<number, { ballot: number; command: string }>();
    for (let part = 0; part < 30; part++) {
      contend(lab, keyed(seed, part), 12);
      const held = new Map<string, number>();
      for (const node of lab.nodes) {
        for (const entry of node.durable.accepted) {
          const key = `${entry.slot} ${entry.ballot}`;
          held.set(key, (held.get(key) ?? 0) + 1);
          if (held.get(key)! >= 2 && !chosen.has(entry.slot))
            chosen.set(entry.slot, { ballot: entry.ballot, command: shown(entry) });
        }
      }
      for (const node of lab.nodes) {
        for (const entry of node.durable.accepted) {
          const known = chosen.get(entry.slot);
          if (known === undefined || entry.ballot <= known.ballot) continue;
          outvoted++;
          assert.equal(shown(entry), known.command);
        }
      }
    }
  }
  assert.ok(outvoted > 100, `${outvoted} votes of higher ballots were looked at`);
});

test("section 2, commanders: a leader asks for one command in a slot of its ballot, however often it asks", () => {
  const lab = labOf(three);
  const one = elect(lab, 1);
  lab.propose(one, one.opening, "a");
  lab.pick(kind("accept"));
  const asked: string[] = [];
  for (let waited = 0; waited < 300; waited += 10) {
    lab.pass(10);
    while (lab.wire.length > 0) {
      for (const { message } of lab.wire) if (message.kind === "accept") asked.push(...message.entries.map(shown));
      lab.deliver(() => true);
    }
  }
  assert.ok(asked.length > 0, "it is asked for again, after the loss");
  assert.deepEqual([...new Set(asked)], ["2 a"]);
  assert.equal(batches(one).join(), "a");
});

test("section 2, commanders: a command is decided by a majority of distinct acceptors, not by a number of answers", () => {
  const desk = new EngineAtADesk(1, majorityOf(1, 2, 3, 4, 5));
  const [prepare] = only(desk.campaign(), "prepare");
  const { ballot } = prepare!;
  desk.hear(2, promiseOf(ballot, []));
  desk.hear(3, promiseOf(ballot, []));
  for (let again = 0; again < 5; again++) desk.hear(2, { kind: "accepted", ballot, acceptedTo: 1, chosenTo: 0 });
  assert.deepEqual(desk.chosen, []);
  desk.hear(5, { kind: "accepted", ballot, acceptedTo: 1, chosenTo: 0 });
  assert.deepEqual(desk.chosen.map(shown), ["1 noop"]);
});

test("section 2, scouts: a ballot is adopted with the promises of a majority, and with no fewer", () => {
  const desk = new EngineAtADesk(1, majorityOf(1, 2, 3, 4, 5));
  const [prepare] = only(desk.campaign(), "prepare");
  assert.deepEqual(only(desk.hear(2, promiseOf(prepare!.ballot, [])), "accept"), []);
  assert.deepEqual(only(desk.hear(2, promiseOf(prepare!.ballot, [])), "accept"), [], "the same one twice is one");
  assert.equal(only(desk.hear(3, promiseOf(prepare!.ballot, [])), "accept").length, 1);
});

test("section 2, leaders: for each slot the command of the highest ballot is taken (pmax), slot by slot, not by whose log is longest", () => {
  const low = ballotOf(1, 2);
  const high = ballotOf(3, 3);
  const own = [1, 2, 3].map((slot) => voteFor(`low ${slot}`, slot, low));
  const desk = new EngineAtADesk(1, three, { promised: high, accepted: own });
  const [prepare] = only(desk.campaign(), "prepare");
  const said = desk.hear(3, promiseOf(prepare!.ballot, [voteFor("high 2", 2, high)]));
  const asked = only(said, "accept").flatMap((accept) => accept.entries);
  assert.deepEqual(asked.map(shown), ["1 low 1", "2 high 2", "3 low 3"]);
});

test("section 2, leaders: while a ballot is not adopted and its past not decided, no command of a client is asked for", () => {
  const desk = new EngineAtADesk(1, three);
  const [prepare] = only(desk.campaign(), "prepare");
  const { ballot } = prepare!;
  assert.equal(desk.engine.propose(ballot, new Uint8Array(1)), "not leader");
  desk.hear(2, promiseOf(ballot, [voteFor("old", 1, ballotOf(1, 3) - 1)]));
  assert.equal(desk.engine.propose(ballot, new Uint8Array(1)), "not leader");
  desk.hear(2, { kind: "accepted", ballot, acceptedTo: 1, chosenTo: 0 });
  assert.equal(desk.engine.propose(ballot, new Uint8Array(1)), "taken");
});

test("section 2, leaders: who is preempted gives its ballot up, and tries next above the one that preempted it", () => {
  const { desk, ballot } = openDesk();
  desk.hear(3, { kind: "reject", ballot, promised: ballotOf(7, 3) });
  assert.equal(desk.opening, 0);
  const [prepare] = only(desk.campaign(), "prepare");
  assert.ok(prepare!.ballot > ballotOf(7, 3), showBallot(prepare!.ballot));
  assert.equal(roundOf(prepare!.ballot), 8);
});

test("section 2, replicas: commands are performed in slot order, each slot once, whatever order decisions come in and how often", () => {
  const desk = new EngineAtADesk(3, three);
  const ballot = ballotOf(1, 1);
  const learn = (...slots: number[]): Learn => ({
    kind: "learn",
    entries: slots.map((slot) => voteFor(`${slot}`, slot, ballot)),
    floors: [],
    chosenTo: 4,
  });
  for (const message of [learn(3), learn(2, 3), learn(1), learn(1), learn(3, 4), learn(2), learn(2, 3, 4), learn(1, 2)])
    desk.hear(1, message);
  assert.deepEqual(
    desk.chosen.map((entry) => entry.slot),
    [1, 2, 3, 4],
  );
});

test("section 2, replicas: no two replicas perform different commands in one slot", () => {
  const decided = new Map<string, string>();
  for (let seed = 200; seed < 240; seed++) {
    const lab = labOf(three);
    contend(lab, seed, 200);
    run(lab, 2_000);
    for (const node of lab.nodes)
      for (const [slot, entry] of node.log) {
        const key = `${seed} ${slot}`;
        assert.equal(decided.get(key) ?? shown(entry), shown(entry));
        decided.set(key, shown(entry));
      }
    lab.ghost.whole();
  }
  assert.ok(decided.size > 60, `${decided.size} slots were decided`);
});

test("section 2, replicas: no more than a window of slots is proposed above what is decided, and a decision makes room again", () => {
  const limits = { ...ENGINE_DEFAULTS.limits, windowSlots: 4 };
  const lab = labOf(three, { config: { limits } });
  const one = elect(lab, 1);
  const answers = lab.propose(one, one.opening, "a", "b", "c", "d", "e");
  assert.deepEqual(answers, ["taken", "taken", "taken", "taken", "overloaded"]);
  lab.settle();
  assert.deepEqual(lab.propose(one, one.opening, "e"), ["taken"]);
});

test("section 2, replicas: a command that lost its slot to another one is proposed anew and gets another slot", () => {
  const lab = labOf(three);
  const one = elect(lab, 1);
  apart(lab, 1);
  lab.propose(one, one.opening, "a");
  lab.pick(() => true);
  const two = elect(lab, 2);
  lab.propose(two, two.opening, "b");
  lab.settle();
  lab.cuts.clear();
  run(lab, 300);
  assert.deepEqual(batches(one), ["b"], "what node 1 had in slot 2 is gone");
  lab.propose(two, two.opening, "a");
  lab.settle();
  run(lab, 60);
  for (const node of lab.nodes) assert.deepEqual(batches(node), ["b", "a"]);
});

test("section 2, reconfiguration: nothing is proposed in a slot whose configuration is not known yet", () => {
  const lab = labOf(three, { spare: [4] });
  const one = elect(lab, 1);
  lab.turn(one, () => one.engine.changeMembers({ ...three, nonVoters: majorityOf(4).voters }));
  assert.deepEqual(lab.propose(one, one.opening, "a"), ["barrier"]);
  lab.deliver(kind("accept", 1, 2));
  lab.deliver(kind("accepted", 2, 1));
  assert.deepEqual(lab.propose(one, one.opening, "a"), ["taken"]);
  assert.deepEqual(
    lab.wire.filter(kind("accept")).some((flying) => flying.to === 4),
    true,
    "the new configuration hears of it",
  );
});

test("section 3: leaders that preempt each other back off, and one of them gets through", () => {
  const lab = labOf(majorityOf(1, 2, 3, 4, 5));
  for (let round = 0; round < 5; round++) for (const node of lab.nodes) campaign(lab, node.id);
  const rounds = roundOf(lab.highest);
  run(lab, 3_000);
  const open = lab.nodes.filter((node) => node.opening > 0);
  assert.equal(open.length, 1);
  assert.ok(roundOf(lab.highest) <= rounds + 3, `${roundOf(lab.highest) - rounds} more rounds`);
});

test("section 4, state reduction: an acceptor keeps one vote a slot, and reports no other", () => {
  const desk = new EngineAtADesk(3, three);
  for (let round = 1; round <= 10; round++) {
    const ballot = ballotOf(round, 1);
    const entries = [1, 2].map((slot) => voteFor(`${round}`, slot, ballot));
    desk.hear(1, { kind: "accept", ballot, startSlot: 1, entries, ackFrom: 1, ackTo: 0 });
  }
  const [promise] = only(
    desk.hear(2, { kind: "prepare", ballot: ballotOf(11, 2), slotFrom: 1, chosenTo: 0 }),
    "promise",
  );
  assert.deepEqual(
    promise!.votes.map((vote) => [vote.slot, vote.ballot]),
    [
      [1, ballotOf(10, 1)],
      [2, ballotOf(10, 1)],
    ],
  );
});

test("section 4, garbage collection: slots below a checkpoint are forgotten, and who lacks them gets the state instead", () => {
  const limits = { ...ENGINE_DEFAULTS.limits, windowSlots: 2 };
  const lab = labOf(three, { config: { limits } });
  const one = elect(lab, 1);
  apart(lab, 3);
  for (let count = 0; count < 20; count++) {
    lab.propose(one, one.opening, `${count}`);
    lab.settle();
  }
  run(lab, 400);
  for (const id of [1, 2]) lab.checkpoint(lab.node(id));
  assert.deepEqual(one.durable.accepted, []);
  lab.cuts.clear();
  run(lab, 200);
  assert.equal(lab.node(3).durable.base, one.durable.base);
  lab.propose(one, one.opening, "after");
  lab.settle();
  run(lab, 60);
  assert.deepEqual(batches(lab.node(3)), ["after"]);
});

test("section 4, state on disk: an acceptor that crashes comes back with its ballot number and its votes", () => {
  const lab = labOf(three);
  const one = elect(lab, 1);
  lab.propose(one, one.opening, "a");
  lab.deliver(kind("accept", 1, 2));
  lab.crash(one, 0);
  lab.pick(() => true);
  const two = lab.node(2);
  lab.crash(two, 0);
  lab.restart(two);
  assert.equal(two.durable.promised, ballotOf(1, 1));
  const next = elect(lab, 3);
  assert.deepEqual(batches(next), ["a"]);
});

test("section 4, read-only commands: a read takes no slot; with a lease it waits for nobody", () => {
  for (const leaseMs of [0, 250]) {
    const lab = labOf({ ...three, leaseMs });
    const one = elect(lab, 1);
    run(lab, 200);
    const before = lab.ghost.sometimes.get("lease read") ?? 0;
    const slots = lab.ghost.chosenTo;
    lab.pick(() => true);
    lab.read(one, 1, true);
    assert.equal((lab.ghost.sometimes.get("lease read") ?? 0) - before, leaseMs > 0 ? 1 : 0);
    assert.equal(lab.wire.some(kind("heartbeat")), leaseMs === 0, "without a lease a round is asked for");
    lab.settle();
    assert.equal(lab.ghost.chosenTo, slots);
  }
});

test("section 4, co-location: what a leader says to its own acceptor takes no way over the wire", () => {
  const lab = labOf(three);
  const one = elect(lab, 1);
  lab.propose(one, one.opening, "a");
  assert.deepEqual(new Set(lab.wire.map((flying) => flying.to)), new Set([2, 3]));
  assert.ok(
    one.durable.accepted.some((entry) => shown(entry) === "2 a"),
    "it votes itself",
  );
});
