import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { compose, encodeCbor, fromReducer, QuorateError, type Reply } from "@quorate/machine";
import { MemoryCluster, type Word, type WordCommand, words, wordsDefinition } from "../memory-cluster.ts";

const NODES = [1, 2, 3];

function started(options: ConstructorParameters<typeof MemoryCluster>[0] = {}): MemoryCluster {
  const cluster = new MemoryCluster(options);
  cluster.startAll();
  cluster.awaitLeader();
  return cluster;
}

/** Everybody has the same state: revision, log time and the digest of all results. */
function assertAlike(cluster: MemoryCluster): void {
  const seen = cluster.replicas.map((replica) => {
    const { revision, logTimeMs, digest, appliedTo } = replica.status();
    return { revision, logTimeMs, digest, appliedTo };
  });
  for (const each of seen) assert.deepEqual(each, seen[0]);
}

function codeOf(answer: Reply | QuorateError | undefined): string {
  return answer instanceof QuorateError ? answer.code : "a reply";
}

describe("a replicated log of three nodes", () => {
  it("A write that is acknowledged is applied at all three, once and in the same order.", () => {
    const cluster = started();
    const client = cluster.client().open();
    assert.equal(client.appended("a"), 1);
    assert.equal(client.appended("b"), 2);
    cluster.settle();
    for (const id of NODES) assert.deepEqual(cluster.words(id), ["a", "b"]);
    assertAlike(cluster);
  });

  it("What waited while the disk was busy goes as one batch.", () => {
    const cluster = started({ syncMs: 10 });
    const client = cluster.client().open();
    const before = cluster.node(cluster.leader()).replica!.status().counters["batches"]!;
    const outcomes = Array.from({ length: 200 }, (_, index) => client.append(`w${index}`));
    cluster.time.until("all are appended", () => outcomes.every((outcome) => outcome.reply !== null));
    const { counters } = cluster.node(cluster.leader()).replica!.status();
    assert.ok(counters["batches"]! - before <= 2, `${counters["batches"]! - before} batches`);
  });

  it("A node that starts again has everything that was acknowledged, from its own log.", () => {
    const cluster = started({ nodes: 1 });
    const client = cluster.client().open();
    for (let index = 0; index < 50; index++) client.appended(`w${index}`);
    const { revision, digest } = cluster.replicas[0]!.status();
    cluster.kill(1);
    cluster.start(1);
    cluster.awaitLeader();
    assert.equal(cluster.words(1).length, 50);
    assert.equal(cluster.replicas[0]!.status().digest, digest);
    assert.equal(cluster.replicas[0]!.status().revision, revision);
    assert.equal(client.appended("after"), 51);
  });

  it("A node that was away catches up from the logs of the others.", () => {
    const cluster = started();
    const client = cluster.client().open();
    client.appended("before");
    const away = cluster.leader() === 3 ? 2 : 3;
    cluster.kill(away);
    for (let index = 0; index < 400; index++) client.appended(`w${index}`);
    cluster.start(away);
    cluster.time.until("it has caught up", () => (cluster.node(away).replica?.status().revision ?? 0) >= 402);
    cluster.settle();
    assert.equal(cluster.words(away).length, 401);
    assertAlike(cluster);
  });

  it("When the leader dies another serves, within four election timeouts.", () => {
    const cluster = started();
    const client = cluster.client().open();
    client.appended("a");
    const first = cluster.leader();
    const atMs = cluster.time.nowMs;
    cluster.kill(first);
    cluster.awaitLeader(first);
    assert.ok(cluster.time.nowMs - atMs <= 1_200, `${cluster.time.nowMs - atMs} ms`);
    assert.equal(client.appended("b"), 2);
    cluster.start(first);
    cluster.time.until("the dead one is back", () => cluster.node(first).replica !== null);
    cluster.settle();
    assert.deepEqual(cluster.words(first), ["a", "b"]);
  });

  it("A leader that is cut off serves nobody, and what it was handed happens at most once.", () => {
    const cluster = started();
    const client = cluster.client().open();
    const first = cluster.leader();
    cluster.isolate(first);
    const outcome = client.append("a");
    const copies = client.copy(outcome, first);
    const reads = cluster.ask(first, "linearizable");
    cluster.time.until("the request is answered elsewhere", () => outcome.reply !== null);
    assert.ok(outcome.sent >= 2, "it was sent to the old leader and to the new one");
    assert.notEqual(cluster.leader(), first);
    assert.equal(codeOf(copies[0]), "NO_LEADER");
    assert.equal((copies[0] as QuorateError).outcome, "unknown", "an engine had it: it may yet be chosen");
    cluster.time.until("the read is refused", () => reads.length > 0);
    assert.equal(codeOf(reads[0]), "NO_LEADER");
    cluster.network.healAll();
    cluster.time.run(500);
    cluster.settle();
    for (const id of NODES) assert.deepEqual(cluster.words(id), ["a"]);
    assertAlike(cluster);
  });

  it("A request that comes again after a fail-over gets its first result, and is not applied again.", () => {
    const cluster = started();
    const client = cluster.client().open();
    client.appended("a");
    const [outcome] = client.outcomes;
    client.appended("b");
    const first = cluster.leader();
    cluster.kill(first);
    const second = cluster.awaitLeader(first);
    const told = client.copy(outcome!, second);
    cluster.time.until("the copy is answered", () => told.length > 0);
    assert.deepEqual(told[0], outcome!.reply);
    assert.deepEqual(cluster.words(second), ["a", "b"]);
  });

  it("Copies of one request in flight are one command, and each is told.", () => {
    const cluster = started();
    const client = cluster.client().open();
    const outcome = client.append("a");
    const leader = cluster.leader();
    const one = client.copy(outcome, leader);
    const two = client.copy(outcome, leader);
    cluster.time.until("all are told", () => outcome.reply !== null && one.length === 1 && two.length === 1);
    assert.deepEqual(one[0], outcome.reply);
    assert.deepEqual(two[0], outcome.reply);
    assert.deepEqual(cluster.words(leader), ["a"]);
  });

  it("A follower refuses a write at once, as not applied, and says who leads.", () => {
    const cluster = started();
    const client = cluster.client().open();
    const leader = cluster.leader();
    const follower = NODES.find((id) => id !== leader)!;
    const told = client.copy({ number: 77, word: "x", reply: null, error: null, sent: 0 }, follower);
    assert.equal(told.length, 0, "nobody is called back inside a call");
    cluster.time.run(1);
    const error = told[0] as QuorateError;
    assert.equal(error.code, "NO_LEADER");
    assert.equal(error.outcome, "not-applied");
    assert.equal(error.detail["leader"], leader);
  });

  it("An idle cluster expires a session when its time has come, by a clock step.", () => {
    const cluster = started();
    const client = cluster.client(1_000).open();
    client.appended("stays");
    client.appended("goes", "own");
    cluster.time.run(900);
    assert.deepEqual(cluster.words(cluster.leader()), ["stays", "goes"]);
    cluster.time.run(300);
    for (const id of NODES) assert.deepEqual(cluster.words(id), ["stays"]);
    assertAlike(cluster);
    const { counters } = cluster.node(cluster.leader()).replica!.status();
    assert.equal(counters["clock-steps"], 1);
    const late = client.append("late");
    cluster.time.until("the request is answered", () => late.error !== null);
    assert.equal(late.error?.code, "SESSION_ENDED");
    assert.equal(late.error.outcome, "unknown");
  });

  it("Log time stands still while there is no leader, so a fail-over only lengthens a session.", () => {
    const cluster = started();
    const client = cluster.client(1_000).open();
    client.appended("goes", "own");
    const [first, second] = [cluster.leader(), NODES.find((id) => id !== cluster.leader())!];
    cluster.kill(first);
    cluster.kill(second);
    cluster.time.run(5_000);
    cluster.start(second);
    const leader = cluster.awaitLeader();
    assert.deepEqual(cluster.words(leader), ["goes"]);
    cluster.time.run(1_300);
    assert.deepEqual(cluster.words(leader), []);
  });

  it("A linearizable read at any node sees every write acknowledged before it began.", () => {
    const cluster = started();
    const client = cluster.client().open();
    for (let index = 1; index <= 20; index++) {
      client.appended(`w${index}`);
      for (const id of NODES) assert.equal(cluster.read(id, "linearizable").length, index, `at node ${id}`);
    }
  });

  it("A session read waits for its revision, and is refused where that does not come.", () => {
    const cluster = started();
    const client = cluster.client().open();
    client.appended("a");
    const { revision } = client.outcomes[0]!.reply!;
    for (const id of NODES) assert.equal(cluster.read(id, "session", revision).length, 1);
    const told = cluster.ask(1, "session", revision + 100);
    cluster.time.until("it is refused", () => told.length > 0);
    assert.equal(codeOf(told[0]), "TOO_STALE");
  });

  it("A lease read is answered by the leader without asking anybody, and not after its lease.", () => {
    const cluster = started({ leaseMs: 200 });
    const client = cluster.client().open();
    client.appended("a");
    cluster.time.run(200);
    const leader = cluster.leader();
    const atMs = cluster.time.nowMs;
    assert.equal(cluster.read(leader, "lease").length, 1);
    assert.ok(cluster.time.nowMs - atMs < cluster.options.frameMs, "no round trip was made");
    cluster.isolate(leader);
    cluster.time.run(250);
    const told = cluster.ask(leader, "lease");
    cluster.time.until("it is refused", () => told.length > 0);
    assert.equal(codeOf(told[0]), "NO_LEADER");
  });

  it("A watcher is woken at the end of the turn and pulls each change once.", () => {
    const cluster = started();
    const client = cluster.client().open();
    let wakes = 0;
    const watcher = cluster.watch(1, 0, () => {
      wakes += 1;
    });
    watcher.pull(1_000_000);
    client.appended("a");
    cluster.settle();
    cluster.time.run(5);
    assert.ok(wakes >= 1);
    assert.equal(watcher.pull(1_000_000).length, 1);
    assert.equal(watcher.pull(1_000_000).length, 0);
    watcher.close();
    assert.throws(
      () => watcher.pull(1),
      (error: QuorateError) => error.code === "CLOSED",
    );
  });

  it("A query that its machine does not know is refused to its caller alone.", () => {
    const cluster = started();
    const told: string[] = [];
    const { replica } = cluster.node(1);
    replica!.read("stale", 0, "nothing", encodeCbor(null), (error) => told.push(error?.code ?? ""));
    replica!.read("stale", 0, "words", encodeCbor("not null"), (error) => told.push(error?.code ?? ""));
    replica!.read("stale", 0, "words", encodeCbor(null), (error) => told.push(error?.code ?? ""));
    cluster.time.run(1);
    assert.deepEqual(told, ["UNKNOWN_MACHINE", "BAD_COMMAND", ""]);
  });

  it("What is over a limit is refused as not applied, and says which limit.", () => {
    const cluster = started({ limits: { waitingCommandsMax: 3, commandBytesMax: 100, readsMax: 2 } });
    const { replica } = cluster.node(cluster.leader());
    const told: (QuorateError | null)[] = [];
    const submit = (number: number, command: Uint8Array): void => {
      replica!.submit({ session: 1, number }, 0, "words", command, (error) => told.push(error));
    };
    submit(1, new Uint8Array(101));
    submit(2, new Uint8Array(1));
    submit(3, new Uint8Array(1));
    submit(4, new Uint8Array(1));
    submit(5, new Uint8Array(1));
    submit(-1, new Uint8Array(1));
    for (let index = 0; index < 3; index++) {
      replica!.read("stale", 0, "words", encodeCbor(null), (error) => told.push(error));
    }
    cluster.time.run(1);
    const codes = told.flatMap((error) => (error === null ? [] : [`${error.code} ${error.outcome}`]));
    assert.deepEqual(codes, [
      "TOO_LARGE not-applied",
      "OVERLOADED not-applied",
      "BAD_COMMAND not-applied",
      "OVERLOADED not-applied",
    ]);
    assert.equal(told[1]!.detail["what"], "waitingCommandsMax");
  });

  it("A checkpoint bounds the log: a node starts from its snapshot and what follows.", () => {
    const cluster = started({ nodes: 1, limits: { checkpointEntries: 20 } });
    const client = cluster.client().open();
    for (let index = 0; index < 90; index++) client.appended(`w${index}`);
    cluster.time.run(100);
    const { checkpointTo, digest } = cluster.replicas[0]!.status();
    assert.ok(checkpointTo >= 80, `the last checkpoint covers ${checkpointTo}`);
    cluster.kill(1);
    cluster.start(1);
    cluster.awaitLeader();
    assert.equal(cluster.words(1).length, 90);
    assert.equal(cluster.replicas[0]!.status().digest, digest);
    assert.ok(cluster.replicas[0]!.status().checkpointTo >= 80);
    assert.equal(client.appended("after"), 91);
  });

  it("A node that lacks more than the logs have installs a snapshot, and its watchers are told to ask again.", () => {
    const cluster = started({ limits: { checkpointEntries: 50 }, walLimits: { segmentBytes: 512 * 1024 } });
    const client = cluster.client().open();
    const away = NODES.find((id) => id !== cluster.leader())!;
    const watcher = cluster.watch(away, 0, () => undefined);
    cluster.isolate(away);
    const long = "x".repeat(20_000);
    for (let index = 0; index < 200; index++) client.appended(index % 2 === 0 ? long : `w${index}`);
    assert.ok(cluster.node(cluster.leader()).replica!.status().slotFirst > 10, "the log was trimmed");
    cluster.network.healAll();
    cluster.time.until("it has caught up", () => cluster.node(away).replica!.status().revision >= 201);
    cluster.time.run(200);
    cluster.settle();
    assert.equal(cluster.words(away).length, 200);
    assertAlike(cluster);
    assert.ok(cluster.node(away).replica!.status().counters["snapshots-installed"]! >= 1);
    assert.throws(
      () => watcher.pull(1_000),
      (error: QuorateError) => error.code === "CLOSED",
    );
    // What was installed stands there after a restart too.
    cluster.kill(away);
    cluster.start(away);
    cluster.time.until("it is back", () => cluster.node(away).replica !== null);
    client.appended("after");
    cluster.time.run(200);
    cluster.settle();
    assert.equal(cluster.words(away).length, 201);
    assertAlike(cluster);
  });

  it("A replica whose results differ from its peers' stops serving, and says from which slots on.", () => {
    const wrong = (node: number): ReturnType<typeof compose> =>
      node !== 3
        ? compose([words])
        : compose([
            fromReducer<readonly Word[], WordCommand, number>({ ...wordsDefinition, apply: (state) => [state, 99] }),
          ]);
    const cluster = started({ machine: wrong });
    const healthy = cluster.leader() === 3 ? 1 : cluster.leader();
    if (cluster.leader() === 3) {
      cluster.node(3).replica!.transferTo(healthy, () => undefined);
      cluster.time.until("a healthy node leads", () => cluster.leader() === healthy);
    }
    const client = cluster.client().open();
    client.appended("a");
    cluster.time.until("the difference is found", () => cluster.node(3).replica!.status().error !== null);
    const { error } = cluster.node(3).replica!.status();
    assert.equal(error!.code, "DIVERGED");
    assert.ok((error!.detail["slotTo"] as number) >= (error!.detail["slotFrom"] as number));
    const told = cluster.ask(3, "stale");
    cluster.time.run(1);
    assert.equal(codeOf(told[0]), "DIVERGED");
    assert.equal(client.appended("b"), 2);
    for (const id of [1, 2]) assert.equal(cluster.node(id).replica!.status().error, null);
  });

  it("Without space for the log writes are refused and reads go on; with space it mends itself.", () => {
    const cluster = started({ nodes: 1, walLimits: { segmentBytes: 512 * 1024 } });
    const client = cluster.client().open();
    const { disk } = cluster.node(1);
    disk.bytesMax = disk.bytesUsed;
    const long = "x".repeat(30_000);
    const outcomes = Array.from({ length: 120 }, () => {
      cluster.time.run(5);
      return client.append(long);
    });
    cluster.time.run(3_000);
    const acknowledged = outcomes.filter((outcome) => outcome.reply !== null).length;
    const refused = outcomes.filter(
      ({ error }) => error?.code === "DISK_FULL" && error.outcome === "not-applied",
    ).length;
    assert.ok(acknowledged > 10 && refused > 10, `${acknowledged} were acknowledged`);
    assert.equal(cluster.node(1).host!.status().diskFull, true);
    assert.equal(cluster.read(1, "linearizable").length, acknowledged);
    disk.bytesMax = Infinity;
    cluster.time.until("it mends itself", () => !cluster.node(1).host!.status().diskFull);
    const counted = client.appended("after");
    cluster.time.until("all are answered", () => outcomes.every(({ reply, error }) => (reply ?? error) !== null));
    const late = outcomes.filter((outcome) => outcome.reply !== null).length;
    assert.equal(counted, late + 1, "what was refused did not happen");
  });

  it("After the machine slept, or a clock jumped, no lease is believed until a new round confirms it.", () => {
    const cluster = started({ leaseMs: 200 });
    const client = cluster.client().open();
    client.appended("a");
    cluster.time.run(200);
    const leader = cluster.leader();
    const answeredAfterMs = (): number => {
      const atMs = cluster.time.nowMs;
      assert.equal(cluster.read(leader, "lease").length, 1);
      return cluster.time.nowMs - atMs;
    };
    assert.ok(answeredAfterMs() < cluster.options.frameMs);
    cluster.time.wallAheadMs += 5_000;
    assert.ok(answeredAfterMs() >= 2 * cluster.options.frameMs, "a round trip was made");
    cluster.time.run(200);
    assert.ok(answeredAfterMs() < cluster.options.frameMs);
  });

  it("Leadership is handed over on request, and no acknowledged write is lost on the way.", () => {
    const cluster = started();
    const client = cluster.client().open();
    client.appended("a");
    const first = cluster.leader();
    const next = NODES.find((id) => id !== first)!;
    cluster.node(first).replica!.transferTo(next, (error) => assert.equal(error, null));
    cluster.time.until("the successor opens", () => cluster.leader() === next);
    assert.equal(client.appended("b"), 2);
  });
});
