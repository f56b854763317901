import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Forming } from "@quorate/log";
// Forming is no part of the package's face: its users see a host that is formed or refused.
import { FormingState } from "../../../packages/log/src/host/forming.ts";
import type { Identity } from "../../../packages/log/src/host/identity.ts";

const NODES = [1, 2, 3];

function fresh(node: number, incarnation: number = node * 100): Identity {
  return { cluster: "c", node, incarnation, state: "new", members: [] };
}

function state(identity: Identity, join: boolean = false): FormingState {
  return new FormingState(identity, { initialNodes: NODES, join });
}

function says(node: number, kind: Forming["state"], members: readonly (readonly [number, number])[] = []): Forming {
  const set = members.map(([each, incarnation]) => ({ node: each, incarnation }));
  return { kind: "forming", cluster: "c", state: kind, incarnation: node * 100, members: set };
}

const SET = [
  [1, 100],
  [2, 200],
  [3, 300],
] as const;

/** A node of the schedule test: what is on its disk, and its process. */
interface Node {
  disk: Identity;
  process: FormingState;
  refused: string;
}

/** Numbers from 0 to 1, the same for the same seed (mulberry32). */
function randomOf(seed: number): () => number {
  let state32 = seed;
  return () => {
    state32 = (state32 + 0x6d2b79f5) | 0;
    let value = Math.imul(state32 ^ (state32 >>> 15), 1 | state32);
    value = (value + Math.imul(value ^ (value >>> 7), 61 | value)) ^ value;
    return ((value ^ (value >>> 14)) >>> 0) / 4_294_967_296;
  };
}

describe("forming", () => {
  it("A node that has heard nobody goes nowhere.", () => {
    const one = state(fresh(1));
    assert.deepEqual(one.step(), { next: null, refused: null });
    assert.deepEqual(one.missing(), [2, 3]);
    assert.equal(one.settled, false);
  });

  it("Who has heard every initial node agrees to exactly the incarnations that it heard.", () => {
    const one = state(fresh(1));
    one.receive(2, says(2, "new"));
    assert.equal(one.step().next, null);
    one.receive(3, says(3, "new"));
    assert.deepEqual(one.step().next, {
      cluster: "c",
      node: 1,
      incarnation: 100,
      state: "agreed",
      members: SET.map(([node, incarnation]) => ({ node, incarnation })),
    });
    assert.equal(one.message().state, "new", "nothing is said before it is durable");
  });

  it("Only who has heard that all agreed to its set is formed.", () => {
    const members = SET.map(([node, incarnation]) => ({ node, incarnation }));
    const one = state({ ...fresh(1), state: "agreed", members });
    one.receive(2, says(2, "agreed", SET));
    one.receive(3, says(3, "new"));
    assert.equal(one.step().next, null);
    assert.deepEqual(one.missing(), [3]);
    one.receive(3, says(3, "agreed", SET));
    assert.equal(one.step().next?.state, "formed");
  });

  it("The word of one formed peer is enough for a node that agreed to the same set.", () => {
    const members = SET.map(([node, incarnation]) => ({ node, incarnation }));
    const one = state({ ...fresh(1), state: "agreed", members });
    one.receive(3, says(3, "formed", SET));
    assert.equal(one.step().next?.state, "formed");
  });

  it("A folder that was emptied while its cluster formed is refused as wiped.", () => {
    const one = state(fresh(1, 101));
    one.receive(2, says(2, "formed", SET));
    const { next, refused } = one.step();
    assert.equal(next, null);
    assert.equal(refused?.code, "WIPED");
    assert.match(refused.message, /join/);
  });

  it("A folder that was found to be an old copy is refused as wiped, whatever is said.", () => {
    const { members } = says(1, "formed", SET);
    const one = state({ ...fresh(1), state: "old-copy", members });
    assert.equal(one.step().refused?.code, "WIPED");
    one.receive(2, says(2, "formed", SET));
    assert.equal(one.step().refused?.code, "WIPED");
  });

  it("A folder that was put back from before it agreed is refused as wiped.", () => {
    const one = state(fresh(1));
    one.receive(2, says(2, "formed", SET));
    assert.equal(one.step().refused?.code, "WIPED");
  });

  it("A node that the cluster was formed without is told to join.", () => {
    const four = new FormingState(fresh(4), { initialNodes: [1, 2, 3, 4], join: false });
    four.receive(1, says(1, "formed", SET));
    const { refused } = four.step();
    assert.equal(refused?.code, "NOT_FORMED");
    assert.match(refused.message, /join/);
  });

  it("A node that is none of the initial nodes, and not told to join, forms nothing.", () => {
    assert.equal(state(fresh(4)).step().refused?.code, "NOT_FORMED");
  });

  it("A joining node takes the first set from a formed peer, and from no other.", () => {
    const four = state(fresh(4), true);
    four.receive(1, says(1, "agreed", SET));
    assert.equal(four.step().next, null);
    four.receive(2, says(2, "formed", SET));
    const { next } = four.step();
    assert.equal(next?.state, "joined");
    assert.equal(next.incarnation, 400);
    assert.equal(next.members.length, 3);
  });

  it("A cluster of one forms by itself.", () => {
    const alone = new FormingState(fresh(1), { initialNodes: [1], join: false });
    const agreed = alone.step().next!;
    assert.equal(agreed.state, "agreed");
    alone.durable(agreed);
    const formed = alone.step().next!;
    assert.equal(formed.state, "formed");
    alone.durable(formed);
    assert.equal(alone.settled, true);
    assert.deepEqual(alone.missing(), []);
  });

  it("With lost, late and repeated messages, crashes and wiped folders, formed sets that share an incarnation are equal.", () => {
    let formedRuns = 0;
    let wipedRuns = 0;
    for (let seed = 1; seed <= 400; seed++) {
      const random = randomOf(seed);
      const wipes = seed % 2 === 0 ? 1 : 0;
      const nodes = new Map<number, Node>();
      let incarnations = 1;
      const start = (node: number, disk: Identity): void => {
        nodes.set(node, { disk, process: state(disk), refused: "" });
      };
      for (const node of NODES) start(node, fresh(node, incarnations++));
      const wire: { from: number; to: number; message: Forming }[] = [];
      const formed: Identity[] = [];
      let wipesLeft = wipes;
      for (let step = 0; step < 600; step++) {
        const node = NODES[Math.floor(random() * 3)]!;
        const each = nodes.get(node)!;
        const choice = random();
        if (choice < 0.3) {
          const to = NODES[Math.floor(random() * 3)]!;
          if (to !== node && each.refused === "") wire.push({ from: node, to, message: each.process.message() });
        } else if (choice < 0.7 && wire.length > 0) {
          const index = Math.floor(random() * wire.length);
          const { from, to, message } = wire[index]!;
          // Half of what arrives may arrive again, at any later time, at a later process too.
          if (random() < 0.5) wire.splice(index, 1);
          nodes.get(to)!.process.receive(from, message);
        } else if (choice < 0.9) {
          const { next, refused } = each.process.step();
          if (refused !== null) each.refused = refused.code;
          if (next === null || each.refused !== "") continue;
          // Power may go before the identity is durable, and after it is and before the process knows.
          const fate = random();
          if (fate < 0.15) start(node, each.disk);
          else if (fate < 0.3) start(node, next);
          else {
            each.disk = next;
            each.process.durable(next);
          }
          const now = nodes.get(node)!.disk;
          if (now.state === "formed" && !formed.includes(now)) formed.push(now);
        } else if (choice < 0.95) {
          start(node, each.disk);
        } else if (wipesLeft > 0 && random() < 0.1) {
          wipesLeft -= 1;
          start(node, fresh(node, incarnations++));
        }
      }
      for (const left of formed) {
        for (const right of formed) {
          const shared = left.members.some((a) => right.members.some((b) => a.incarnation === b.incarnation));
          if (shared) assert.deepEqual(left.members, right.members, `seed ${seed}`);
        }
      }
      if (wipes === 0) {
        assert.deepEqual(
          [...nodes.values()].map((each) => each.refused),
          ["", "", ""],
          `seed ${seed}`,
        );
        if ([...nodes.values()].every((each) => each.process.settled)) formedRuns += 1;
      } else if ([...nodes.values()].some((each) => each.refused === "WIPED")) wipedRuns += 1;
    }
    assert.ok(formedRuns > 150, `${formedRuns} of 200 runs without a wipe formed`);
    assert.ok(wipedRuns > 20, `${wipedRuns} of 200 runs refused a wiped folder`);
  });
});
