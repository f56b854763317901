import { KvEntry, kvMachine } from "@quorate/kv";
import { type HeldLock, type HeldLockState, lockMachine } from "@quorate/lock";
import { QuorateError, sessionResults } from "@quorate/machine";
import { encodeMembers, type Heartbeat, type HeartbeatAnswer } from "@quorate/paxos";
import type { InvariantId } from "@quorate/sim";
import { HeldLockJudge } from "../../../sim/src/invariants/held-lock.ts";
import {
  B1,
  B2,
  B3,
  B4,
  batchOf,
  commandOf,
  entryOf,
  imageOf,
  LEASE_MS,
  membersOf,
  type Scene,
  stateOf,
} from "./scene.ts";

/** A sequence of what is seen in which an invariant is broken by its last step, and not before. */
export interface Case {
  readonly id: InvariantId;
  /** What happens up to there: nothing is wrong yet. */
  readonly before: (scene: Scene) => void;
  readonly broken: (scene: Scene) => void;
  /** Names and numbers that the witness must have. */
  readonly witness: RegExp;
  readonly machines?: readonly string[];
  /** What the last step breaks as well, and is told before. */
  readonly others?: readonly InvariantId[];
}

const head = (slot: number, revision: number) => ({
  group: 1,
  slot,
  governing: { members: membersOf(1, 2, 3), slot: 0, floor: 0 },
  standing: { origin: 0, carries: false },
  revision,
  digest: revision,
});

/** Nodes 1 and 2 choose a no-op in slot 1, led by node 1. */
function chosenNoop(scene: Scene): void {
  scene.leads(1, B1, 2, 3);
  scene.chooses(1, entryOf(1, B1), 1, 2);
}

/** And a clock step in slot 2, as an open leader has it. */
function chosenBatch(scene: Scene): void {
  chosenNoop(scene);
  scene.outputs(1, { opening: B1, leader: 1, chosenTo: 1, chosen: [entryOf(1, B1)] });
  scene.nowMs = 1000;
  scene.chooses(1, entryOf(2, B1, batchOf(900)), 1, 2);
}

/** Node 3 asks node 1 for a part of its snapshot, and gets it. */
function givesPart(scene: Scene, position: number): void {
  scene.sends(3, 1, { kind: "snapshot-wanted", slot: 9, position });
  const bytes = Uint8Array.of(1);
  scene.sends(1, 3, { kind: "snapshot-chunk", slot: 9, position, bytesTotal: 2000, checksum: 0, bytes });
}

const SET = { kind: "members", anchored: true, bytes: encodeMembers(membersOf(1, 2)) } as const;

function heartbeatOf(ballot: number, round: number): Heartbeat {
  return { kind: "heartbeat", ballot, round, startSlot: 1, ackFrom: 1, ackTo: 0, chosenTo: 0 };
}

function answerTo(ballot: number, round: number, grantedMs = 0): HeartbeatAnswer {
  return { kind: "heartbeat-answer", ballot, life: 1, round, acceptedTo: 0, chosenTo: 0, grantedMs };
}

/** Slot 1 is chosen in one ballot, and node 2, whose disk is damaged since, voted for the same in a higher one. */
function votedForAgain(scene: Scene): void {
  for (const node of [1, 3]) scene.votes(node, entryOf(1, B1));
  scene.votes(2, { ...entryOf(1, B1), ballot: B2 });
  scene.tell.diskDamaged(2);
}

/** A leader is granted a lease by another node, whose clock stands at `clockMs`. */
function leased(scene: Scene, leader: number, ballot: number, other: number, clockMs: number): void {
  scene.leads(leader, ballot, other);
  scene.outputs(other);
  scene.writes(other, { kind: "lease", leaseMsMax: LEASE_MS });
  scene.clocks.set(other, clockMs);
  scene.says(leader, heartbeatOf(ballot, 1));
  scene.arrives(leader, other, heartbeatOf(ballot, 1));
  scene.says(other, answerTo(ballot, 1, LEASE_MS));
}

const described = (changes: object) => ({
  session: 7,
  claim: 1,
  state: "held" as const,
  mode: "exclusive" as const,
  permits: 0,
  token: 5,
  queuedAtMs: 0,
  grantedAtMs: 0,
  endsAtMs: 0,
  ...changes,
});

/** A state whose locks answer as told. */
function locked(revision: number, occupants: readonly object[], waiters: readonly object[], permitsMax = 0) {
  const lock = {
    name: "door",
    permitsMax,
    occupants: occupants.map(described),
    occupantCount: occupants.length,
    waiters: waiters.map(described),
    waiterCount: waiters.length,
  };
  const answer = lockMachine.codecs.answer.encode({ kind: "list", locks: [lock], more: false });
  return stateOf(revision, { query: () => answer });
}

/** The next slots hold clock steps, and this is what the locks look like after each. */
function lockSteps(scene: Scene, ...states: readonly ReturnType<typeof locked>[]): void {
  for (const state of states) {
    const entry = entryOf(scene.ghost.log.chosenTo + 1, B1, batchOf(0));
    scene.chooses(1, entry, 1, 2);
    scene.applies(1, entry, state);
  }
}

/** Sessions 7 and 8 are opened in slot 2. */
function withSessions(scene: Scene): void {
  chosenNoop(scene);
  scene.applies(1, entryOf(1, B1), stateOf(0));
  const opened = [7, 8].map((number) => commandOf(0, number, "session"));
  for (const { request, machine, command } of opened) scene.tell.requestSent(1025, 0, request.number, machine, command);
  const entry = entryOf(2, B1, batchOf(0, opened));
  scene.outputs(1, { opening: B1, leader: 1 });
  scene.chooses(1, entry, 1, 2);
  for (const session of [7, 8]) {
    const bytes = sessionResults.encodeOpened({ session, ttlMs: 1000 });
    scene.settles(1, { session: 0, number: session }, { bytes, revision: session }, session - 1);
  }
  scene.applies(1, entry, locked(8, [], []));
}

const kvCodecs = kvMachine().codecs;

type KvCommand = Parameters<typeof kvCodecs.command.encode>[0];
type KvResult = Parameters<typeof kvCodecs.result.encode>[0];

/** A put of session 7 in slot 3 takes effect. */
function put(scene: Scene, slot = 3, number = 1, logTimeMs = 10, revision = 9): void {
  kvStep(scene, [1, "key-1", Uint8Array.of(number), 0, 0], [1, null], slot, number, logTimeMs, revision);
}

/** A command of session 7 takes effect, and is answered so. */
function kvStep(
  scene: Scene,
  asked: KvCommand,
  told: KvResult,
  slot: number,
  number: number,
  logTimeMs: number,
  revision: number,
): void {
  const bytes = kvCodecs.command.encode(asked);
  const command = commandOf(7, number, "kv", bytes);
  scene.tell.requestSent(1025, 7, number, "kv", bytes);
  const entry = entryOf(slot, B1, batchOf(logTimeMs, [command]));
  scene.nowMs = Math.max(scene.nowMs, logTimeMs);
  scene.chooses(1, entry, 1, 2);
  scene.settles(1, command.request, { bytes: kvCodecs.result.encode(told), revision }, revision - 1);
  scene.applies(1, entry, { ...locked(revision, [], []), logTimeMs, revision, digest: revision });
}

/** A transaction that writes under a lock, if that is held under this token. */
function fenced(token: number): KvCommand {
  return [6, [[6, "door", token]], [], []];
}

/** A client has read all keys, as of a revision. */
function shown(scene: Scene, revision: number, keys: Extract<KvResult, { readonly 0: 7 }>[1]): void {
  const query = kvCodecs.query.encode([2, [2, "", ""], "", 0, 0, 0]);
  const bytes = kvCodecs.answer.encode([7, keys, keys.length, ""]);
  scene.checks.shown("client 1025", "kv", query, { revision, logTimeMs: 0, bytes });
}

/** A client asks whether the door is held under token 5, and is told so or otherwise. */
function validated(scene: Scene, revision: number, held: boolean): void {
  const { query, answer } = lockMachine.codecs;
  const bytes = answer.encode({ kind: "validate", held });
  const asked = query.encode({ kind: "validate", lock: "door", token: 5 });
  scene.checks.shown("client 1025", "lock", asked, { revision, logTimeMs: 0, bytes });
}

/** The judge of a held lock that says of itself what it is told to. */
function heldLock(scene: Scene, says: Partial<HeldLock>): HeldLockJudge {
  const held = {
    names: ["door"],
    token: 5,
    state: "held",
    signal: new AbortController().signal,
    onState: () => () => undefined,
    remainingMs: () => 500,
    assertHeld: () => undefined,
    ...says,
  };
  return new HeldLockJudge(scene.report, held as unknown as HeldLock, "client 1025");
}

/** A held lock tells its states, one after the other. */
function becomes(scene: Scene, ...states: readonly HeldLockState[]): void {
  heldLock(scene, {
    onState: (told) => {
      for (const state of states) told(state);
      return () => undefined;
    },
  });
}

/** One for each invariant that is checked at a step of a run; the others have tests of their own. */
export const CASES: readonly Case[] = [
  {
    id: "A1",
    before: (scene) => scene.promises(2, B3),
    broken: (scene) => scene.begins(2, { promised: B1 }),
    witness: /node 2 starts with promised 1\.1; its disk held 2\.3/,
  },
  {
    id: "A1",
    before: (scene) => {
      for (const node of [1, 3]) scene.votes(node, entryOf(1, B3));
      scene.promises(2, B1);
      // Learned, not promised: its record may be lost, and its ballot with it.
      scene.writes(2, { kind: "accepted", entry: entryOf(1, B3) });
      scene.tell.diskDamaged(2);
      scene.begins(2, { promised: B1, faulty: [1] });
      scene.votes(2, entryOf(2, B2));
    },
    broken: (scene) => scene.begins(2, { promised: B1, faulty: [1, 2] }),
    witness: /node 2 starts with promised 1\.1; its disk held 1\.2/,
  },
  {
    id: "A2",
    before: (scene) => scene.outputs(2, { records: [{ kind: "promised", ballot: B2 }], promised: B2 }),
    broken: (scene) => scene.says(2, { kind: "prepare", ballot: B2, slotFrom: 1, chosenTo: 0 }),
    witness: /node 2 sends prepare of ballot 1\.2; its disk has promised 0\.0 .* last sync ended at 0\.000 ms/,
  },
  {
    id: "A3",
    before: (scene) => {
      scene.leads(1, B1, 2, 3);
      scene.promises(2, B3);
    },
    broken: (scene) => scene.writes(2, { kind: "accepted", entry: entryOf(1, B1) }),
    witness: /node 2 accepts slot 1 in ballot 1\.1, while its promised ballot is 2\.3/,
  },
  {
    id: "A4",
    before: (scene) => {
      scene.leads(1, B1, 2);
      scene.votes(2, entryOf(1, B1));
    },
    broken: (scene) => scene.votes(2, entryOf(1, B1, batchOf(1))),
    witness: /node 2 votes in slot 1, ballot 1\.1, for "noop of 1\.1" and "batch of 1\.1/,
  },
  {
    id: "A5",
    before: (scene) => {
      scene.leads(1, B1, 2);
      scene.votes(2, entryOf(1, B1));
      scene.promises(3, B3);
      scene.arrives(3, 2, { kind: "prepare", ballot: B3, slotFrom: 1, chosenTo: 0 });
      scene.promises(2, B3);
    },
    broken: (scene) => scene.says(2, scene.page(B3)),
    witness: /node 2 promises 2\.3 and says nothing about its vote of ballot 1\.1 in slot 1/,
  },
  {
    id: "B1",
    before: (scene) => scene.leads(1, B1, 2),
    broken: (scene) => scene.accepts(2, [entryOf(1, B1)]),
    witness: /node 2 uses ballot 1\.1, but it is of node 1/,
  },
  {
    id: "B2",
    before: (scene) => {
      scene.leads(1, B1, 2);
      scene.accepts(1, [entryOf(1, B1)]);
    },
    broken: (scene) => scene.accepts(1, [entryOf(1, B1, { kind: "batch", bytes: Uint8Array.of(1) })]),
    witness: /node 1 proposes "batch of 1\.1.* in slot 1, ballot 1\.1, and proposed "noop of 1\.1"/,
  },
  {
    id: "B3",
    before: (scene) => {
      scene.leads(1, B1, 2);
      scene.votes(2, entryOf(1, B1));
      scene.leads(3, B3, 2);
    },
    broken: (scene) => scene.accepts(3, [entryOf(1, B3)]),
    witness: /node 3 proposes "noop of 2\.3" in slot 1, ballot 2\.3 .* higher vote: .*node 2 told of 1\.1/,
  },
  {
    id: "B3",
    before: (scene) => {
      scene.leads(1, B1, 2);
      scene.accepts(1, [entryOf(1, B1)]);
      scene.leads(3, B3, 2);
      scene.chooses(3, entryOf(1, B3), 2, 3);
      scene.outputs(3, { opening: B3, leader: 3, chosenTo: 1, chosen: [entryOf(1, B3)] });
      scene.chooses(
        3,
        entryOf(2, B3, { kind: "members", anchored: true, bytes: encodeMembers(membersOf(2, 3)) }),
        2,
        3,
      );
      // Whoever leads in a lower ballot cannot know of the change; nobody who knows of it listens.
      scene.accepts(1, [entryOf(2, B1), entryOf(3, B1)]);
    },
    broken: (scene) => {
      scene.leads(1, B4, 2);
      scene.accepts(1, [entryOf(3, B4)], 3);
    },
    witness: /node 1 proposes "noop of 3\.1" in slot 3, .* but no promised quorum speaks for it/,
  },
  {
    id: "B3",
    // Node 4 has no vote in the set; what it tells of is as good a source of a value, and no better.
    before: (scene) => {
      scene.leads(1, B1, 2);
      scene.accepts(1, [entryOf(1, B1), entryOf(2, B1)]);
      scene.votes(1, entryOf(1, B1));
      scene.leads(2, B2, 3);
      scene.accepts(2, [entryOf(1, B2), entryOf(2, B2)]);
      scene.votes(1, entryOf(2, B2));
      scene.leads(3, B3, 1);
      scene.arrives(4, 3, scene.page(B3, [entryOf(1, B2), entryOf(2, B1)]));
      scene.accepts(3, [entryOf(1, B3, { origin: B2 })]);
    },
    broken: (scene) => scene.accepts(3, [entryOf(2, B3, { origin: B1 })]),
    witness: /node 3 proposes "noop of 1\.1" in slot 2, .* higher vote: node 1 told of 1\.2/,
  },
  {
    id: "B4",
    before: (scene) => {
      scene.leads(1, B1, 2);
      scene.accepts(1, [entryOf(1, B1)]);
      scene.votes(1, entryOf(1, B1));
    },
    broken: (scene) =>
      scene.says(1, {
        kind: "heartbeat",
        ballot: B1,
        round: 1,
        startSlot: 1,
        ackFrom: 1,
        ackTo: 1,
        chosenTo: 1,
      }),
    witness: /node 1 acknowledges slot 1 in ballot 1\.1, without a quorum.*at nodes 1/,
  },
  {
    id: "B4",
    // Node 3 has promised as well, and its leader does not know.
    before: (scene) => {
      scene.leads(1, B1);
      scene.promises(3, B1);
    },
    broken: (scene) => scene.outputs(1, { opening: B1, leader: 1 }),
    witness: /node 1 is open in ballot 1\.1, promised only by nodes 1$/,
  },
  {
    id: "C1",
    before: (scene) => {
      scene.leads(1, B1, 2);
      scene.chooses(1, entryOf(1, B1), 1, 2);
      scene.holds(2, { kind: "promised", ballot: B3 });
      scene.holds(2, { kind: "accepted", entry: entryOf(1, B3) });
    },
    broken: (scene) => scene.holds(3, { kind: "accepted", entry: entryOf(1, B3) }),
    witness: /slot 1 has two chosen values: .*1\.1 at nodes 1, 2; .*2\.3 at nodes 2, 3/,
  },
  {
    id: "C2",
    before: (scene) => {
      scene.leads(1, B1, 2);
      scene.votes(1, entryOf(1, B1));
    },
    broken: (scene) => scene.outputs(1, { chosenTo: 1, chosen: [entryOf(1, B1)] }),
    witness: /node 1 takes "noop of 1\.1" for chosen in slot 1; the disks hold .*at nodes 1/,
  },
  {
    id: "C3",
    before: chosenNoop,
    broken: (scene) => {
      scene.ghost.readDisk(scene.ghost.node(2));
      scene.begins(2, { promised: B1, faulty: [1] });
    },
    others: ["M1"],
    witness: /node 2 came back without slot 1/,
  },
  {
    id: "C4",
    before: chosenNoop,
    broken: (scene) => scene.chooses(1, entryOf(2, B1, batchOf(1, [commandOf(7, 1)])), 1, 2),
    witness: /slot 2, ballot 1\.1, holds kv 7:1, which no client sent/,
  },
  {
    id: "D1",
    before: (scene) => {
      chosenBatch(scene);
      scene.applies(1, entryOf(1, B1), stateOf(0));
      scene.applies(1, entryOf(2, B1, batchOf(900)), stateOf(0, { logTimeMs: 900 }));
    },
    broken: (scene) => scene.applies(2, entryOf(2, B1, batchOf(900)), stateOf(0, { logTimeMs: 900 })),
    witness: /node 2 applies slot 2, after slot 0/,
  },
  {
    id: "D2",
    before: chosenNoop,
    broken: (scene) => scene.applies(2, entryOf(1, B3), stateOf(0)),
    witness: /node 2 applies "noop of 2\.3" in slot 1; chosen is "noop of 1\.1"/,
  },
  {
    id: "D3",
    before: (scene) => {
      chosenNoop(scene);
      for (let slot = 2; slot <= 16; slot++) scene.chooses(1, entryOf(slot, B1, batchOf(0)), 1, 2);
      for (const node of [1, 2]) {
        for (let slot = 1; slot < 16; slot++) {
          scene.applies(node, slot === 1 ? entryOf(1, B1) : entryOf(slot, B1, batchOf(0)), stateOf(0));
        }
      }
      scene.applies(1, entryOf(16, B1, batchOf(0)), stateOf(0, { image: () => imageOf(Uint8Array.of(1)) }));
    },
    broken: (scene) => {
      scene.applies(2, entryOf(16, B1, batchOf(0)), stateOf(0, { image: () => imageOf(Uint8Array.of(2)) }));
    },
    witness: /after slot 16 the image of the state of node 2 .* node 1/,
  },
  {
    id: "D4",
    before: (scene) => {
      chosenNoop(scene);
      scene.outputs(1, { chosenTo: 1, chosen: [entryOf(1, B1)] });
    },
    broken: (scene) => scene.outputs(1, { chosenTo: 0 }),
    witness: /node 1 knew slot 1 to be chosen, and now 0/,
  },
  {
    id: "D5",
    before: (scene) => {
      chosenBatch(scene);
      for (const node of [1, 2]) scene.applies(node, entryOf(1, B1), stateOf(0));
      scene.applies(1, entryOf(2, B1, batchOf(900)), stateOf(4, { logTimeMs: 900 }));
    },
    broken: (scene) => scene.applies(2, entryOf(2, B1, batchOf(900)), stateOf(5, { logTimeMs: 900 })),
    witness: /after slot 2 node 2 has revision 5.*node 1 has revision 4/,
  },
  {
    id: "D6",
    machines: ["kv"],
    before: (scene) => {
      withSessions(scene);
      kvStep(scene, [4, "key-1", 2], [4, 2], 3, 1, 10, 9);
    },
    broken: (scene) => kvStep(scene, [4, "key-1", 3], [4, 4], 4, 2, 20, 10),
    witness: /slot 4, at node 1, command 7:2, revision 10: the store answers \[4,4\], and a plain one \[4,5\]/,
  },
  {
    id: "E1",
    before: (scene) => {
      chosenBatch(scene);
      scene.applies(1, entryOf(1, B1), stateOf(0));
      scene.applies(1, entryOf(2, B1, batchOf(900)), stateOf(4, { logTimeMs: 900 }));
      scene.ghost.node(3).disk.snapshotTo = 2;
    },
    broken: (scene) => scene.tell.snapshotInstalled(3, head(2, 5), stateOf(5, { logTimeMs: 900 })),
    witness: /after slot 2 node 3 has revision 5.*node 1 has revision 4/,
  },
  {
    id: "E1",
    before: (scene) => {
      chosenBatch(scene);
      scene.applies(1, entryOf(1, B1), stateOf(0));
      scene.applies(1, entryOf(2, B1, batchOf(900)), stateOf(4, { logTimeMs: 900 }));
      for (const node of [2, 3]) scene.ghost.node(node).disk.snapshotTo = 2;
      scene.tell.snapshotInstalled(2, head(2, 4), stateOf(4, { logTimeMs: 900 }));
    },
    broken: (scene) => {
      const image = (): ReturnType<typeof imageOf> => imageOf(Uint8Array.of(4, 4));
      scene.tell.snapshotInstalled(3, head(2, 4), stateOf(4, { logTimeMs: 900, image }));
    },
    witness: /after slot 2 the image of the state of node 3 has the checksum \w+, that of node 2 has \w+/,
  },
  {
    id: "E1",
    // Nobody else saves the state of this slot. What is encoded late is of a later one.
    before: (scene) => {
      chosenBatch(scene);
      scene.applies(1, entryOf(1, B1), stateOf(0));
      scene.applies(1, entryOf(2, B1, batchOf(900)), stateOf(4, { logTimeMs: 900 }));
      scene.tell.snapshotBegun(1, head(2, 4), stateOf(4, { logTimeMs: 900 }));
      scene.ghost.imageOf = () => [Uint8Array.of(4)];
      scene.tell.snapshotTaken(1, head(2, 4));
    },
    broken: (scene) => {
      scene.ghost.imageOf = () => [Uint8Array.of(5)];
      scene.tell.snapshotTaken(1, head(2, 4));
    },
    witness: /after slot 2 the image of the state of node 1 has the checksum \w+, that of node 1 has \w+/,
  },
  {
    id: "E2",
    before: chosenNoop,
    broken: (scene) => scene.holds(1, { kind: "trim", base: 1, governing: head(1, 0).governing }),
    witness: /node 1 lets its log go to slot 1; its whole durable snapshots cover slot 0/,
  },
  {
    id: "E3",
    before: (scene) => {
      chosenBatch(scene);
      scene.applies(1, entryOf(1, B1), stateOf(0));
      scene.ghost.node(3).disk.snapshotTo = 1;
      scene.tell.snapshotInstalled(3, head(1, 0), stateOf(0));
    },
    broken: (scene) => scene.outputs(3, { chosenTo: 0 }),
    witness: /node 3 installed a snapshot of slot 1 and knows 0 to be chosen/,
  },
  {
    id: "E4",
    before: (scene) => {
      chosenNoop(scene);
      scene.votes(3, entryOf(3, B1));
      scene.tell.promiseProbed(3, 1, scene.page(B3, [entryOf(3, B1)], { slotFrom: 2, chosenTo: 1 }));
    },
    broken: (scene) => scene.tell.promiseProbed(3, 1, scene.page(B3, [], { slotFrom: 2, chosenTo: 1 })),
    witness: /node 3 installed a snapshot of slot 1, and would not tell of its vote of ballot 1\.1 in slot 3/,
  },
  {
    id: "E4",
    before: (scene) => {
      scene.leads(1, B1, 2);
      scene.votes(2, entryOf(1, B1));
      scene.votes(2, entryOf(2, B1));
      scene.ghost.node(2).disk.snapshotTo = 1;
      scene.holds(2, { kind: "trim", base: 1, governing: head(1, 0).governing });
    },
    broken: (scene) => scene.begins(2, { promised: B1, base: 1 }),
    witness: /node 2 let its log go to slot 1, and with it its vote of ballot 1\.1 in slot 2/,
  },
  {
    id: "F1",
    before: (scene) => {
      withSessions(scene);
      put(scene);
    },
    broken: (scene) => put(scene, 4, 1, 20, 10),
    witness: /request 7:1 took effect at revisions 9 and, at node 1, 10/,
  },
  {
    id: "F2",
    before: (scene) => {
      withSessions(scene);
      put(scene);
    },
    broken: (scene) => {
      scene.applies(2, entryOf(1, B1), stateOf(0));
      const entry = entryOf(
        2,
        B1,
        batchOf(
          0,
          [7, 8].map((number) => commandOf(0, number, "session")),
        ),
      );
      scene.applies(2, entry, locked(8, [], []));
      scene.settles(2, { session: 7, number: 1 }, { bytes: Uint8Array.of(9), revision: 9 }, 8);
      const bytes = kvCodecs.command.encode([1, "key-1", Uint8Array.of(1), 0, 0]);
      const third = entryOf(3, B1, batchOf(10, [commandOf(7, 1, "kv", bytes)]));
      scene.applies(2, third, stateOf(9, { logTimeMs: 10 }));
    },
    witness: /request 7:1 has another reply at node 2/,
  },
  {
    id: "F3",
    before: withSessions,
    broken: (scene) => put(scene, 3, 1, 1500),
    witness: /request 7:1 takes effect at revision 9 in slot 3, .*session 7 is over: it expired at log time 1000/,
  },
  {
    id: "G1",
    before: chosenNoop,
    broken: (scene) => scene.outputs(2, { governing: { members: membersOf(1, 2), slot: 1, floor: 0 } }),
    witness: /node 2 is governed by \{1, 2\} of slot 1, but no set was chosen there/,
  },
  {
    id: "G2",
    before: (scene) => {
      chosenNoop(scene);
      scene.outputs(1, { opening: B1, leader: 1, chosenTo: 1, chosen: [entryOf(1, B1)] });
      scene.accepts(1, [entryOf(2, B1, SET)]);
    },
    broken: (scene) => scene.accepts(1, [entryOf(3, B1)]),
    witness: /node 1 proposes slot 3 in ballot 1\.1, above its change of members in slot 2/,
  },
  {
    id: "G3",
    before: (scene) => scene.leads(1, B1, 2, 3),
    broken: (scene) => scene.accepts(1, [entryOf(1, B1, SET)]),
    witness: /node 1 proposes a change in slot 1, ballot 1\.1; nothing that it proposed is chosen/,
  },
  {
    id: "G3",
    before: (scene) => {
      chosenNoop(scene);
      scene.outputs(1, { opening: B1, leader: 1, chosenTo: 1, chosen: [entryOf(1, B1)] });
      // It resigns later in the turn in which it proposes.
      scene.outputs(1, { opening: 0, leader: 0, promised: B2, records: [{ kind: "promised", ballot: B2 }] });
      scene.chooses(1, entryOf(2, B1, SET), 2, 3);
      scene.outputs(1);
    },
    broken: (scene) => scene.accepts(1, [entryOf(3, B1, SET)]),
    witness:
      /node 1 proposes a change in slot 3, ballot 1\.1; nothing that it proposed is chosen, or it is open in 0\.0/,
  },
  {
    id: "G4",
    before: (scene) => {
      scene.tell.replicaBegan(4, { node: 4, incarnation: 4, zone: 0 }, 4, scene.durable(), stateOf(0));
      scene.leads(1, B1, 2, 3);
      scene.accepts(1, [entryOf(1, B1)]);
      scene.votes(1, entryOf(1, B1));
      scene.votes(4, entryOf(1, B1));
    },
    broken: (scene) => scene.accepts(1, [entryOf(2, B1)], 1, 1),
    witness: /node 1 acknowledges slot 1 in ballot 1\.1, .*at nodes 1, 4/,
  },
  {
    id: "G5",
    before: (scene) => {
      scene.leads(1, B1, 2);
      scene.tell.diskReplaced(2, true);
      scene.arrives(1, 2, { kind: "prepare", ballot: B1, slotFrom: 1, chosenTo: 0 });
      scene.promises(2, B1);
    },
    broken: (scene) => scene.says(2, scene.page(B1)),
    witness: /node 2, incarnation 2, sends promise of ballot 1\.1 from a disk that lost its votes/,
  },
  {
    id: "G6",
    before: (scene) => {
      chosenNoop(scene);
      scene.outputs(1, { opening: B1, leader: 1, chosenTo: 1, chosen: [entryOf(1, B1)] });
      scene.chooses(1, entryOf(2, B1, SET), 1, 2);
    },
    broken: (scene) => scene.outputs(2, { governing: { members: membersOf(1, 2), slot: 2, floor: B3 } }),
    witness: /node 2 knows the set of slot 2 with the floor 2\.3 and has promised 1\.1/,
  },
  {
    id: "G6",
    others: ["A3"],
    before: (scene) => {
      chosenNoop(scene);
      scene.outputs(1, { opening: B1, leader: 1, chosenTo: 1, chosen: [entryOf(1, B1)] });
      scene.chooses(1, entryOf(2, B1, SET), 1, 2);
      const governing = { members: membersOf(1, 2), slot: 2, floor: B3 };
      const records = [{ kind: "promised", ballot: B3 } as const];
      // It learns of the change later in the turn in which it promises.
      scene.outputs(3, { governing, chosenTo: 2, promised: B3, records });
      scene.says(3, scene.page(B1));
      scene.outputs(3);
    },
    broken: (scene) => scene.says(3, scene.page(B1)),
    witness: /node 3 promises 1\.1; the floor of the set of slot 2 is 2\.3/,
  },
  {
    id: "H1",
    before: (scene) => {
      scene.clocks.set(1, 5000);
      scene.clocks.set(3, 90_000);
      leased(scene, 1, B1, 2, 1000);
      scene.outputs(1, { opening: B1, leaseUntilMs: 5300 });
      scene.clocks.set(1, 5200);
      scene.clocks.set(2, 1300);
      leased(scene, 3, B3, 2, 1300);
    },
    broken: (scene) => scene.outputs(3, { opening: B3, leaseUntilMs: 90_300 }),
    witness:
      /node 3 believes to hold the lease in ballot 2\.3 for 300\.000 ms more, and node 1 in ballot 1\.1 for 100\.000 ms/,
  },
  {
    id: "H2",
    before: (scene) => {
      scene.tell.callInvoked(1025, 1, "call", "kv", null);
      scene.tell.callAnswered(1025, 1, 12);
      scene.tell.callInvoked(1026, 2, "read", "kv", "lease");
    },
    broken: (scene) => scene.tell.callAnswered(1026, 2, 11),
    witness: /lease read 2 of client 1026 shows revision 11; call 1 of client 1025 was answered at revision 12/,
  },
  {
    id: "H2",
    before: (scene) => {
      scene.tell.callInvoked(1025, 1, "read", "kv", "stale");
      scene.tell.callAnswered(1025, 1, 14);
      scene.tell.callInvoked(1025, 2, "read", "kv", "linearizable");
      scene.tell.callInvoked(1026, 3, "read", "kv", "linearizable");
      scene.tell.callAnswered(1025, 2, 12);
      scene.tell.callAnswered(1026, 3, 11);
      scene.tell.callInvoked(1026, 4, "read", "lock", "linearizable");
    },
    broken: (scene) => scene.tell.callAnswered(1026, 4, 11),
    witness: /linearizable read 4 of client 1026 shows revision 11; call 2 of client 1025 was answered at revision 12/,
  },
  {
    id: "H3",
    before: (scene) => scene.leads(1, B1, 2, 3),
    broken: (scene) => scene.outputs(1, { opening: B1, reads: [{ token: 1, bound: 0, validUntilMs: Infinity }] }),
    witness:
      /node 1 answers a read with the bound 0, but nothing that it proposed in ballot 1\.1 and that the bound covers is chosen/,
  },
  {
    id: "H3",
    // What node 3 proposes again was chosen before: who knows that counts for it, whether it has voted again or not.
    before: (scene) => {
      scene.leads(1, B1, 2, 3);
      scene.chooses(1, entryOf(1, B1), 1, 2);
      scene.leads(3, B3, 2);
      scene.accepts(3, [entryOf(1, B3, { origin: B1 })]);
      scene.outputs(3, { opening: B3, chosenTo: 1, reads: [{ token: 1, bound: 1, validUntilMs: Infinity }] });
    },
    broken: (scene) => scene.outputs(3, { opening: B3, reads: [{ token: 2, bound: 0, validUntilMs: Infinity }] }),
    witness:
      /node 3 answers a read with the bound 0, but nothing that it proposed in ballot 2\.3 and that the bound covers is chosen/,
  },
  {
    id: "H4",
    before: (scene) => {
      leased(scene, 1, B1, 2, 1000);
      scene.begins(2, { promised: B1, leaseMsMax: LEASE_MS }, 22);
      scene.clocks.set(2, 1299);
      scene.says(2, answerTo(B1, 1));
      const prepare = { kind: "prepare", ballot: B3, slotFrom: 1, chosenTo: 0 } as const;
      scene.promises(3, B3);
      scene.says(3, prepare);
      scene.arrives(3, 2, prepare);
      scene.promises(2, B3);
    },
    broken: (scene) => scene.says(2, scene.page(B3)),
    witness: /node 2 sends promise of ballot 2\.3, but its grant to ballot 1\.1 lasts for 1\.000 ms more/,
  },
  {
    id: "H4",
    // Nobody leases anything by a grant to a ballot above which something is chosen already.
    before: (scene) => {
      leased(scene, 1, B1, 2, 1000);
      scene.clocks.set(2, 1100);
      scene.leads(3, B3, 1);
      scene.chooses(3, entryOf(1, B3), 1, 3);
      scene.holds(2, { kind: "accepted", entry: entryOf(1, B3) });
      scene.begins(2, { promised: B3, leaseMsMax: LEASE_MS, accepted: [entryOf(1, B3)] }, 22);
      scene.says(3, heartbeatOf(B3, 1));
      scene.arrives(3, 2, heartbeatOf(B3, 1));
      scene.says(2, answerTo(B3, 1, LEASE_MS));
    },
    broken: (scene) => {
      scene.promises(2, B4);
      scene.says(2, answerTo(B4, 1));
    },
    witness: /node 2 sends heartbeat-answer of ballot 3\.1, but its grant to ballot 2\.3 lasts/,
  },
  {
    id: "H5",
    before: (scene) => {
      // The clock of node 2 runs faster than that of node 1, and its grant ends the sooner for it.
      scene.rates.set(2, 1.25);
      leased(scene, 1, B1, 2, 1000);
      scene.outputs(1, { opening: B1, leaseUntilMs: 240 });
    },
    broken: (scene) => scene.outputs(1, { opening: B1, leaseUntilMs: 241 }),
    witness:
      /node 1 believes to hold the lease in ballot 1\.1 for 241\.000 ms more of true time, but of the grants that of node 2 lasts for 240\.000 ms, node 3 granted none/,
  },
  {
    id: "H6",
    before: (scene) => {
      chosenNoop(scene);
      scene.outputs(1, { opening: B1, leader: 1, chosenTo: 1, chosen: [entryOf(1, B1)] });
      scene.tell.readsAsked(1, 1);
      scene.says(1, heartbeatOf(B1, 1));
      scene.tell.readsAsked(1, 2);
      scene.arrives(2, 1, answerTo(B1, 1));
      scene.outputs(1, { reads: [{ token: 1, bound: 1, validUntilMs: Infinity }] });
    },
    broken: (scene) => scene.outputs(1, { reads: [{ token: 2, bound: 1, validUntilMs: Infinity }] }),
    witness:
      /node 1 answers a read with the bound 1 in ballot 1\.1, and of the rounds that it began after the read came nobody answered one/,
  },
  {
    id: "H6",
    before: (scene) => {
      chosenNoop(scene);
      scene.outputs(1, { opening: B1, leader: 1, chosenTo: 1, chosen: [entryOf(1, B1)] });
      scene.arrives(2, 1, { kind: "read-request", token: 1 });
      scene.arrives(2, 1, { kind: "read-request", token: 2 });
      scene.says(1, heartbeatOf(B1, 1));
      scene.arrives(2, 1, answerTo(B1, 1));
      // Its own answer counts: it promises the higher ballot later in the turn.
      scene.outputs(1, { opening: 0, leader: 0, promised: B2, records: [{ kind: "promised", ballot: B2 }] });
      scene.says(1, { kind: "read-bound", life: 2, token: 1, bound: 1 }, [2]);
      scene.outputs(1);
    },
    broken: (scene) => scene.says(1, { kind: "read-bound", life: 2, token: 2, bound: 1 }, [2]),
    witness:
      /node 1 answers a read with the bound 1 in ballot 1\.1, and of the rounds that it began .* nodes 2 only answered one/,
  },
  {
    id: "H7",
    before: (scene) => {
      chosenNoop(scene);
      scene.outputs(1, { opening: B1, leader: 1, chosenTo: 1, chosen: [entryOf(1, B1)] });
      scene.applies(1, entryOf(1, B1), stateOf(0));
      scene.tell.readsAnswered(1, 1, Infinity);
    },
    broken: (scene) => scene.tell.readsAnswered(1, 2, Infinity),
    witness: /node 1 answers a read of the bound 2 from the state after slot 1/,
  },
  {
    id: "H7",
    before: (scene) => {
      scene.clocks.set(1, 5000);
      scene.tell.readsAnswered(1, 0, 5000);
      scene.clocks.set(1, 5002);
    },
    broken: (scene) => scene.tell.readsAnswered(1, 0, 5000),
    witness: /node 1 answers a read under a lease that ended 2\.000 ms ago by its own clock/,
  },
  {
    id: "I1",
    machines: ["lock"],
    before: withSessions,
    broken: (scene) => lockSteps(scene, locked(8, [{}, { session: 8, token: 6 }], [])),
    witness: /door is held at once by claim 1 of session 7 \(exclusive, token 5\) and claim 1 of session 8/,
  },
  {
    id: "I1",
    machines: ["lock"],
    before: (scene) => {
      withSessions(scene);
      const shared = { mode: "shared" };
      lockSteps(scene, locked(8, [shared, { ...shared, session: 8 }], []));
    },
    broken: (scene) => {
      const permits = { mode: "permits", permits: 2, token: 6 };
      lockSteps(scene, locked(8, [permits, { ...permits, session: 8 }], [], 3));
    },
    witness: /door is held at once by claim 1 of session 7 \(permits, token 6\) and claim 1 of session 8/,
  },
  {
    id: "I2",
    machines: ["kv"],
    before: (scene) => {
      withSessions(scene);
      kvStep(scene, fenced(6), [6, true, []], 3, 1, 10, 9);
      kvStep(scene, fenced(5), [6, false, []], 4, 2, 20, 10);
    },
    broken: (scene) => kvStep(scene, fenced(5), [6, true, []], 5, 3, 30, 11),
    witness: /door lets token 5 write, after token 6/,
  },
  {
    id: "I2",
    // Fencing is for clocks that are wrong.
    machines: ["kv"],
    before: (scene) => {
      for (const node of [1, 2, 3]) scene.drifting.add(node);
      withSessions(scene);
      kvStep(scene, fenced(6), [6, true, []], 3, 1, 10, 9);
    },
    broken: (scene) => kvStep(scene, fenced(5), [6, true, []], 4, 2, 20, 10),
    witness: /door lets token 5 write, after token 6/,
  },
  {
    id: "I2",
    machines: ["lock"],
    before: (scene) => {
      withSessions(scene);
      lockSteps(scene, locked(8, [{ token: 6 }], []));
    },
    broken: (scene) => lockSteps(scene, locked(8, [{ token: 5 }], [])),
    witness: /door is granted to claim 1 of session 7 with token 5, after token 6/,
  },
  {
    id: "I3",
    machines: ["lock"],
    before: withSessions,
    broken: (scene) => lockSteps(scene, locked(8, [{ session: 99 }], [])),
    witness: /door is granted to claim 1 of session 99, whose session is over: nobody opened it/,
  },
  {
    id: "I4",
    machines: ["lock"],
    before: (scene) => {
      withSessions(scene);
      const first = { session: 8, claim: 2, state: "queued", token: 0 };
      const second = { session: 7, claim: 3, state: "queued", token: 0 };
      lockSteps(scene, locked(8, [{}], [first, second]));
    },
    broken: (scene) => {
      const first = { session: 8, claim: 2, state: "queued", token: 0 };
      lockSteps(scene, locked(8, [{ claim: 3, token: 9 }], [first]));
    },
    witness: /door is granted to claim 3 of session 7, before claim 2 of session 8/,
  },
  {
    id: "I5",
    machines: ["lock"],
    before: withSessions,
    broken: (scene) => lockSteps(scene, locked(8, [], [{ state: "queued", token: 0 }])),
    witness: /door has room, and claim 1 of session 7 wait/,
  },
  {
    id: "I6",
    before: (scene) => heldLock(scene, {}).look(),
    broken: (scene) => heldLock(scene, { remainingMs: () => 0 }).look(),
    witness: /door, which client 1025 has with token 5, is held with 0 ms left of it/,
  },
  {
    id: "I6",
    before: (scene) => becomes(scene, "jeopardy", "held", "lost"),
    broken: (scene) => becomes(scene, "lost", "held"),
    witness: /door, which client 1025 has with token 5, became held after it was lost/,
  },
  {
    id: "J1",
    before: (scene) => {
      scene.tell.callInvoked(1025, 1, "call", "kv", null);
      scene.tell.callAnswered(1025, 1, 9);
      scene.tell.callInvoked(1026, 2, "call", "kv", null);
    },
    broken: (scene) => scene.tell.callAnswered(1026, 2, 8),
    witness: /call 2 of client 1026 was carried out at revision 8; .* told of revision 9/,
  },
  {
    id: "J2",
    before: withSessions,
    broken: (scene) => scene.checks.acknowledged(11, "put of key-1"),
    witness: /put of key-1 was acknowledged at revision 11, where the log has no request/,
  },
  {
    id: "J3",
    before: (scene) => {
      withSessions(scene);
      put(scene);
    },
    broken: (scene) =>
      scene.checks.failed(
        new QuorateError("DEADLINE", "not-applied", "late", {}, { session: 7, number: 1 }),
        "put of key-1",
      ),
    witness: /request 7:1 is applied at 9, despite put of key-1 failed with DEADLINE/,
  },
  {
    id: "J4",
    machines: ["kv"],
    before: (scene) => {
      withSessions(scene);
      put(scene);
      put(scene, 4, 2, 20, 10);
    },
    broken: (scene) => scene.checks.store.watch("the watch", 8).told({ type: "progress", revision: 10 }),
    witness: /the watch is told of revision 10, but was not told of the put of key-1 at revision 9/,
  },
  {
    id: "J6",
    machines: ["kv"],
    before: (scene) => {
      withSessions(scene);
      kvStep(scene, [1, "key-1", Uint8Array.of(49), 0, 500], [1, null], 3, 1, 10, 9);
      put(scene, 4, 2, 600, 11);
      shown(scene, 9, [["key-1", Uint8Array.of(49), 9, 9, 1, 0, 510]]);
      shown(scene, 10, []);
    },
    broken: (scene) => shown(scene, 10, [["key-1", Uint8Array.of(49), 9, 9, 1, 0, 510]]),
    witness: /client 1025 is shown, for .*"key-1","1".* at revision 10; the log left \[7,\[\],0,""\]/,
  },
  {
    id: "J4",
    machines: ["kv"],
    before: (scene) => {
      withSessions(scene);
      put(scene);
      put(scene, 4, 2, 20, 10);
      const watch = scene.checks.store.watch("the watch of deletes", 8, { only: "deletes" });
      watch.told({ type: "progress", revision: 10 });
    },
    broken: (scene) => {
      const tuple = ["key-1", Uint8Array.of(2), 9, 10, 2, 0, 0] as const;
      const previous = new KvEntry(["key-1", Uint8Array.of(7), 9, 9, 1, 0, 0]);
      const changes = [{ type: "put", key: "key-1", entry: new KvEntry(tuple), previous }] as const;
      scene.checks.store.watch("the watch", 9, { previous: true }).told({ type: "changes", revision: 10, changes });
    },
    witness: /the watch is told of a put of key-1 at revision 10, in the log of key-1 it has another put/,
  },
  {
    id: "J7",
    machines: ["lock"],
    before: (scene) => {
      withSessions(scene);
      lockSteps(scene, locked(9, [{}], []), locked(10, [], []));
      validated(scene, 8, false);
      validated(scene, 9, true);
      validated(scene, 10, false);
    },
    broken: (scene) => validated(scene, 10, true),
    witness:
      /client 1025 is shown, for .*"validate","lock":"door","token":5.*"held":true.* at revision 10; the log left .*"held":false/,
  },
  {
    id: "J7",
    machines: ["lock"],
    before: (scene) => {
      withSessions(scene);
      const observer = scene.checks.locks.observer("the observer", "door");
      observer.told(null);
    },
    broken: (scene) => {
      const leader = { session: 7, token: 5, value: new Uint8Array(0), valueRevision: 5, endsAtMs: 0 };
      scene.checks.locks.observer("the observer", "door").told(leader);
    },
    witness: /the observer is told of session 7 with token 5 in door, which was not so/,
  },
  {
    id: "K1",
    before: (scene) => {
      scene.leads(1, B1, 2, 3);
      scene.tell.healed([1, 2]);
      scene.outputs(3, { leader: 3 });
      scene.nowMs = 4000;
      scene.outputs(2, { leader: 1 });
      scene.outputs(1, { opening: B1, leader: 1 });
      scene.nowMs = 14_000;
      scene.outputs(1, { opening: 0, leader: 0 });
    },
    broken: (scene) => {
      scene.nowMs = 14_001 + LEASE_MS;
      scene.outputs(2);
    },
    witness: /for 10301 ms the healed core has no open leader whom all name: node 1 has promised 1\.1, .*; node 2/,
  },
  {
    id: "K1",
    before: (scene) => {
      scene.leads(1, B1, 2, 3);
      scene.tell.healed([1, 2]);
      scene.outputs(2, { leader: 3 });
      scene.nowMs = 10_000;
      scene.outputs(1, { opening: B1, leader: 1 });
    },
    broken: (scene) => {
      scene.nowMs = 10_001 + LEASE_MS;
      scene.outputs(1);
    },
    witness:
      /for 10301 ms the healed core has no open leader .*node 1 .* open in 1\.1, and names 1; node 2 .*, and names 3/,
  },
  {
    id: "K2",
    before: (scene) => scene.tell.healed([1, 2, 3]),
    broken: (scene) => {
      for (let round = 1; round <= 10; round++) {
        const ballot = B1 + 1024 * round;
        scene.promises(1, ballot);
        scene.says(1, { kind: "prepare", ballot, slotFrom: 1, chosenTo: 0 });
      }
    },
    witness: /node 1 prepares ballot 10 of the 0 ms since healing; 9 are enough/,
  },
  {
    id: "K2",
    before: (scene) => {
      scene.tell.healed([1, 2]);
      scene.promises(3, B3);
      scene.says(3, { kind: "prepare", ballot: B3, slotFrom: 1, chosenTo: 0 });
    },
    broken: (scene) => {
      scene.promises(3, B3 + 1024);
      scene.says(3, { kind: "prepare", ballot: B3 + 1024, slotFrom: 1, chosenTo: 0 });
    },
    witness: /node 3 was left behind, hears no quorum or is heard by none, and prepares 2\.3 and 3\.3/,
  },
  {
    id: "K3",
    before: (scene) => scene.tell.healed([1, 2, 3]),
    broken: (scene) => scene.checks.liveness.ended([{ node: 2, walBytes: 10_000, waiting: 0 }], 512),
    witness: /node 2 keeps 10000 bytes of log at the end; 6144 are enough/,
  },
  {
    id: "K3",
    before: (scene) => {
      scene.tell.healed([1, 2, 3]);
      for (let position = 0; position < 2000; position++) givesPart(scene, position);
      scene.checks.liveness.ended([], 512);
    },
    broken: (scene) => {
      for (let times = 0; times < 700; times++) givesPart(scene, 0);
      scene.checks.liveness.ended([], 512);
    },
    witness:
      /after healing 5400 messages were sent for 0\.0 s, 0 entries, 6 links and 2000 parts of snapshots; 5200 are/,
  },
  {
    id: "M1",
    before: (scene) => scene.leads(1, B1, 2),
    broken: (scene) => scene.begins(2, { promised: B1, accepted: [entryOf(1, B1)] }),
    witness: /node 2 recovers "noop of 1\.1" of ballot 1\.1 in slot 1, which it never wrote/,
  },
  {
    id: "M1",
    before: (scene) => {
      scene.leads(1, B1, 2);
      scene.votes(2, entryOf(1, B1));
    },
    broken: (scene) => scene.begins(2, { promised: B1, faulty: [1] }),
    witness: /node 2 takes slot 1 for unreadable, and its disk has lost nothing that was synced/,
  },
  {
    id: "M2",
    before: (scene) => {
      scene.leads(1, B1, 2);
      scene.votes(2, entryOf(1, B1));
    },
    broken: (scene) => scene.begins(2, { promised: B1 }),
    witness: /node 2 recovers nothing in slot 1, .*"noop of 1\.1" of ballot 1\.1 was synced/,
  },
  {
    id: "M2",
    before: (scene) => {
      votedForAgain(scene);
      scene.begins(2, { promised: B2, faulty: [1] });
      // Learned of one who holds it in the ballot in which it was chosen.
      scene.writes(2, { kind: "accepted", entry: entryOf(1, B1) });
      scene.begins(2, { promised: B2, accepted: [entryOf(1, B1)] });
    },
    broken: (scene) => scene.begins(2, { promised: B2 }),
    witness: /node 2 recovers nothing in slot 1/,
  },
  {
    id: "M2",
    before: votedForAgain,
    broken: (scene) => scene.begins(2, { promised: B2, accepted: [entryOf(1, B1)] }),
    witness: /node 2 recovers "noop of 1\.1" of ballot 1\.1 in slot 1, and .* "noop of 1\.1" of ballot 1\.2 was synced/,
  },
  {
    id: "M3",
    before: (scene) => {
      scene.tell.syncFailed(2, "wal/1.seg");
      scene.nowMs = 3;
    },
    broken: (scene) => scene.tell.writeIssued(2, "wal/1.seg", 512, 512),
    witness: /node 2 writes wal\/1\.seg at 512, after a sync of its log failed at 0\.000 ms/,
  },
  {
    id: "M4",
    before: (scene) => {
      chosenNoop(scene);
      scene.ghost.node(2).disk.snapshotTo = 1;
    },
    broken: (scene) => scene.begins(2, { promised: B1, accepted: [entryOf(1, B1)] }),
    witness: /node 2 starts from a snapshot to slot 0; its disk has a whole snapshot to slot 1/,
  },
  {
    id: "O1",
    before: (scene) => {
      chosenBatch(scene);
      scene.applies(1, entryOf(1, B1), stateOf(0));
    },
    broken: (scene) => scene.applies(1, entryOf(2, B1, batchOf(900)), stateOf(0), false),
    witness: /node 1 takes for void slot 2, which counts/,
  },
  {
    id: "O2",
    before: (scene) => {
      chosenBatch(scene);
      scene.applies(1, entryOf(1, B1), stateOf(0));
      scene.applies(1, entryOf(2, B1, batchOf(900)), stateOf(0, { logTimeMs: 900 }));
      scene.nowMs = 1100;
      scene.chooses(1, entryOf(3, B1, batchOf(1200)), 1, 2);
    },
    broken: (scene) => scene.applies(1, entryOf(3, B1, batchOf(1200)), stateOf(0, { logTimeMs: 1200 })),
    witness: /between slots 2 and 3 log time went on by 300 ms, and time by 100\.000 ms/,
  },
];
