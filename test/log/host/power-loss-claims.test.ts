import assert from "node:assert/strict";
import { test } from "node:test";
import { type Decide, MemoryDisk, type PeerMessage, type Transport } from "@quorate/log";
import { type Durable, ENGINE_DEFAULTS, type Entry, openSlotsMax, type Speaker } from "@quorate/paxos";
import { type Identity, type LoadedIdentity, loadIdentity } from "../../../packages/log/src/host/identity.ts";
import { SNAPSHOT_DEFAULTS } from "../../../packages/log/src/snapshot/limits.ts";
import { openSnapshots, type Snapshots } from "../../../packages/log/src/snapshot/snapshots.ts";
import { type Recovery, recover } from "../../../packages/log/src/wal/recovery.ts";
import { MemoryCluster } from "../memory-cluster.ts";
import { keyed, powerLosses } from "../power-losses.ts";
import { Turns } from "../turns.ts";

const WATCHED = 1;
const GROUP = 1;
const OPEN_SLOTS = openSlotsMax(ENGINE_DEFAULTS.limits);
const SAMPLES = 12;

type Vote = Pick<Entry, "ballot" | "origin">;

/** What the messages of one node that have left say of its disk. */
class Claims {
  promised = 0;
  unit = 0;
  snapshot = 0;
  leaseMs = 0;
  identity: Identity["state"] | null = null;
  /** By slot the vote of the highest ballot that was spoken for. */
  readonly votes = new Map<number, Vote>();
  /** What came in: the entries of each ballot, for a watermark names only how far they go. */
  readonly #offered = new Map<number, Map<number, Entry>>();

  heard(message: PeerMessage): void {
    if (message.kind !== "accept") return;
    const entries = this.#offered.get(message.ballot) ?? new Map<number, Entry>();
    for (const entry of message.entries) entries.set(entry.slot, entry);
    this.#offered.set(message.ballot, entries);
  }

  left(speaker: Speaker, message: PeerMessage): void {
    this.unit = Math.max(this.unit, speaker.unit);
    switch (message.kind) {
      case "prepare":
        this.promised = Math.max(this.promised, message.ballot);
        break;
      case "promise":
        this.promised = Math.max(this.promised, message.ballot);
        for (const { slot, ballot, origin } of message.votes) this.#vote(slot, { ballot, origin });
        break;
      case "accept":
        // A leader hears its own accept, too; what it counts of itself is held to the same rule.
        this.promised = Math.max(this.promised, message.ballot);
        this.heard(message);
        break;
      case "accepted":
      case "heartbeat-answer":
        this.promised = Math.max(this.promised, message.ballot);
        for (const { slot, ballot, origin } of this.#offered.get(message.ballot)?.values() ?? [])
          if (slot <= message.acceptedTo) this.#vote(slot, { ballot, origin });
        if (message.kind === "heartbeat-answer") this.leaseMs = Math.max(this.leaseMs, message.grantedMs);
        break;
      case "snapshot-chunk":
        this.snapshot = Math.max(this.snapshot, message.slot);
        break;
      case "forming":
        this.identity = message.state;
        break;
      default:
    }
  }

  #vote(slot: number, vote: Vote): void {
    if (vote.ballot >= (this.votes.get(slot)?.ballot ?? 0)) this.votes.set(slot, vote);
  }
}

/** What is on a disk after a power loss. */
interface Found {
  readonly identity: Identity | null;
  readonly durable: Durable | null;
  readonly unit: number;
  readonly snapshot: number;
}

function recovered(disk: MemoryDisk, decide: Decide, story: string): Found {
  const turns = new Turns();
  const copy = disk.copy(turns.later);
  copy.crash(decide);
  const identity = copy.paths().includes("identity")
    ? turns.finish<LoadedIdentity>((done) => loadIdentity(copy, done)).identity
    : null;
  const recovery = turns.finish<Recovery>((done) =>
    recover({ disk: copy, cluster: "test", openSlots: OPEN_SLOTS }, done),
  );
  assert.deepEqual(recovery.faults, [], story);
  const snapshots = turns.finish<Snapshots>((done) =>
    openSnapshots({ disk: copy, cluster: "test", limits: SNAPSHOT_DEFAULTS }, done),
  );
  assert.deepEqual(snapshots.faults, [], story);
  const part = recovery.parts.get(GROUP);
  const snapshot = snapshots.latest(GROUP)?.slot ?? 0;
  const durable = part === undefined ? null : part.facts.durable(part.index, snapshot, recovery.unit);
  return { identity, durable, unit: recovery.unit, snapshot };
}

const RANK = { new: 1, agreed: 2, formed: 3, joined: 3, "old-copy": 3 } as const;

/** Every message that had left says no more than the disk does. */
function implies(found: Found, claims: Claims, story: string): void {
  const { durable, snapshot } = found;
  assert.ok(found.unit >= claims.unit, `${story}: unit ${found.unit}, told ${claims.unit}`);
  assert.ok(snapshot >= claims.snapshot, `${story}: snapshot to ${snapshot}, offered ${claims.snapshot}`);
  const rank = found.identity === null ? 0 : RANK[found.identity.state];
  assert.ok(claims.identity === null || rank >= RANK[claims.identity], `${story}: identity ${claims.identity}`);
  const promised = durable?.promised ?? 0;
  assert.ok(promised >= claims.promised, `${story}: promised ${promised}, told ${claims.promised}`);
  assert.ok((durable?.leaseMsMax ?? 0) >= claims.leaseMs, `${story}: a lease of ${claims.leaseMs} ms was granted`);
  assert.ok(
    (durable?.base ?? 0) <= snapshot,
    `${story}: the log begins after ${durable?.base}, the snapshot covers ${snapshot}`,
  );
  const votes = new Map((durable?.accepted ?? []).map((entry) => [entry.slot, entry]));
  for (const [slot, { ballot, origin }] of claims.votes) {
    const vote = votes.get(slot);
    // A watermark passes over a slot that is known chosen; what is chosen there has the same origin, in whatever ballot it was learned.
    const kept = slot <= snapshot || (vote !== undefined && (vote.ballot >= ballot || vote.origin === origin));
    assert.ok(kept, `${story}: the vote of slot ${slot} in ballot ${ballot} was told and is gone`);
  }
}

/** Calls `seen` for all that a transport sends and receives. */
function watched(transport: Transport, claims: Claims): Transport {
  return {
    send(group, speaker, to, message) {
      claims.left(speaker, message);
      transport.send(group, speaker, to, message);
    },
    open(receive, refused) {
      transport.open((from, group, message) => {
        claims.heard(message);
        receive(from, group, message);
      }, refused);
    },
    endTurn: () => transport.endTurn(),
    queuedBytes: (node) => transport.queuedBytes(node),
    close: () => transport.close(),
  };
}

interface Watch {
  readonly claims: Claims;
  readonly operations: number;
  readonly ways: number;
  readonly checkpointTo: number;
}

/** Runs a cluster, and at every operation that one node issues to its disk lets a copy of that disk lose its power in many ways. Throws what is not implied. */
function watch(syncs: boolean): Watch {
  const cluster = new MemoryCluster({
    seed: 3,
    leaseMs: 50,
    syncs,
    limits: { checkpointEntries: 12, batchBytesMax: 1_024, commandBytesMax: 1_024, batchCommandsMax: 4 },
    walLimits: { segmentBytes: 8 * 1024, unitBytesMax: 8 * 1024, sealMs: 20 },
  });
  const claims = new Claims();
  const node = cluster.node(WATCHED);
  let operations = 0;
  let ways = 0;
  const look = (what: string): void => {
    operations += 1;
    for (const [way, decide] of powerLosses(node.disk, operations, SAMPLES).entries()) {
      const story = `operation ${operations} (${what}), way ${way}`;
      implies(recovered(node.disk, decide, story), claims, story);
      ways += 1;
    }
  };
  node.disk = new MemoryDisk({
    later: (run, { kind, path }) => {
      if (["write", "sync", "create", "rename", "remove"].includes(kind)) look(`${kind} ${path}`);
      cluster.time.after(kind === "sync" ? 2 : 0.05, run);
    },
  });
  const transport = cluster.network.transport.bind(cluster.network);
  cluster.network.transport = (id) => (id === WATCHED ? watched(transport(id), claims) : transport(id));
  cluster.startAll();
  cluster.awaitLeader();
  const client = cluster.client().open();
  const append = (from: number, end: number): void => {
    for (let word = from; word < end; word++)
      client.appended(`${word}`.padEnd(10 + (keyed("length", word) % 700), "."));
  };
  append(0, 45);
  // Another leads, so that the node both proposes and follows.
  const leader = cluster.leader();
  cluster.isolate(leader);
  cluster.awaitLeader(leader);
  append(45, 60);
  cluster.network.healAll();
  cluster.settle();
  append(60, 90);
  cluster.settle();
  return { claims, operations, ways, checkpointTo: node.replica?.status().checkpointTo ?? 0 };
}

test("at every operation that a node issues to its disk, whatever a power loss leaves implies every message that had left (M1)", () => {
  const { claims, operations, ways, checkpointTo } = watch(true);
  assert.ok(operations > 150 && ways > 3_000, `${operations} operations, ${ways} ways`);
  assert.ok(claims.votes.size > 20, `${claims.votes.size} votes were spoken for`);
  assert.ok(claims.promised > 0 && claims.unit > 50 && claims.leaseMs > 0 && claims.identity === "formed");
  assert.ok(checkpointTo > 50, `the last checkpoint covers slot ${checkpointTo}`);
});

test("on a disk whose sync does nothing, the same finds a message that the disk does not imply", () => {
  assert.throws(() => watch(false), /told|spoken|granted|identity|synced cannot be read/);
});
