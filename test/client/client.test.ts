import assert from "node:assert/strict";
import { test } from "node:test";
import { type Client, type ClientOptions, createClient } from "@quorate/client";
import { APART_MS_MAX, leaseEndMs, QuorateError, type Reply, SESSION_MACHINE, sessionCommands } from "@quorate/machine";
import { FakeClock } from "./fake-clock.ts";
import { FakeCluster } from "./fake-cluster.ts";

const words = (text: string): Uint8Array => new TextEncoder().encode(text);
const said = (reply: Reply | undefined): string => new TextDecoder().decode(reply?.bytes);

interface World {
  readonly clock: FakeClock;
  readonly cluster: FakeCluster;
  readonly client: Client;
}

function world(nodes = 3, options: Partial<ClientOptions> = {}): World {
  const clock = new FakeClock();
  const cluster = new FakeCluster(clock, nodes);
  const client = createClient({ endpoints: cluster.endpoints, dial: cluster.dial, clock, seed: 7, ...options });
  return { clock, cluster, client };
}

/** What became of a promise so far. */
function outcomeOf<T>(promise: Promise<T>): { value?: T; error?: QuorateError } {
  const seen: { value?: T; error?: QuorateError } = {};
  promise.then(
    (value) => (seen.value = value),
    (error: unknown) => {
      assert.ok(error instanceof QuorateError, String(error));
      seen.error = error;
    },
  );
  return seen;
}

test("a client connects to nobody before it is asked for something", async () => {
  const { clock, cluster } = world();
  await clock.pass(60_000);
  assert.equal(cluster.dials, 0);
  assert.equal(clock.timers, 0);
});

test("a read at a node that no replica knows is refused as soon as one has said which there are", async () => {
  const { clock, client } = world();
  const read = outcomeOf(client.read("kv", words("q"), { level: "stale", at: 9 }));
  await clock.pass(1_000);
  assert.equal(read.error?.code, "NO_REPLICA");
  assert.match(read.error?.message ?? "", /node 9, which no replica knows: there are 1, 2, 3/);
});

test("a call opens a session and is applied once", async () => {
  const { clock, cluster, client } = world();
  const reply = outcomeOf(client.call("kv", words("a")));
  await clock.settle();
  assert.equal(said(reply.value), "done a");
  assert.deepEqual(cluster.applied, ["a"]);
  assert.equal(cluster.liveSessions.size, 1);
});

test("a thousand calls of one turn are all sent at once, each under its own number", async () => {
  const { clock, cluster, client } = world();
  await Promise.all([client.session(), clock.settle()]);
  const replies = Array.from({ length: 1000 }, (_none, index) => client.call("kv", words(String(index))));
  await clock.settle();
  await Promise.all(replies);
  assert.equal(new Set(cluster.calls().map(({ number }) => number)).size, 1000);
  assert.equal(cluster.applied.length, 1000);
});

test("a command or query that no frame can carry is TOO_LARGE at once, and nothing is sent", async () => {
  const { clock, cluster, client } = world(1, { limits: { requestBytesMax: 3 } });
  const call = outcomeOf(client.call("kv", words("four")));
  const read = outcomeOf(client.read("kv", words("four")));
  await clock.settle();
  for (const { error } of [call, read]) {
    assert.equal(error?.code, "TOO_LARGE");
    assert.equal(error.outcome, "not-applied");
  }
  assert.equal(cluster.dials, 0);
});

test("more calls than the log keeps results for wait in the client until numbers are released", async () => {
  const { clock, cluster, client } = world(1, { limits: { windowMax: 10 } });
  await Promise.all([client.session(), clock.settle()]);
  cluster.deaf.add(1);
  const replies = Array.from({ length: 25 }, (_none, index) => client.call("kv", words(String(index))));
  await clock.settle();
  assert.equal(cluster.calls().length, 10);
  cluster.deaf.clear();
  cluster.cut(1);
  await clock.pass(1000);
  await Promise.all(replies);
  assert.deepEqual(cluster.applied.length, 25);
  const numbers = cluster.calls();
  for (const { number, releasedTo } of numbers) assert.ok(number - releasedTo <= 10, `${number} with ${releasedTo}`);
});

test("the hint of a replica that does not lead is followed at once", async () => {
  const { clock, cluster, client } = world();
  cluster.leader = 3;
  const reply = outcomeOf(client.call("kv", words("a")));
  await clock.settle();
  assert.equal(said(reply.value), "done a");
  assert.equal(clock.nowMs(), 0);
});

test("replicas that name each other as leader are left for the others, and the one that leads is found", async () => {
  const { clock, cluster, client } = world(5);
  cluster.leader = 4;
  cluster.intercept = ({ kind, id }, connection) => {
    const { node } = connection;
    if (kind !== "read" || node === cluster.leader) return false;
    // 1 and 2 were removed, one after the other; 3 and 5 know of nobody.
    cluster.refuse(connection, id, { code: "NO_LEADER", leader: node <= 2 ? 3 - node : 0 });
    return true;
  };
  const reply = outcomeOf(client.read("kv", words("a")));
  await clock.pass(1000);
  assert.equal(said(reply.value), "a");
});

test("a replica that knows no leader and another that never answers do not keep a client from the third", async () => {
  for (const silent of [1, 2, 3]) {
    for (const leader of [1, 2, 3]) {
      const clock = new FakeClock();
      const cluster = new FakeCluster(clock, 3);
      const dial: typeof cluster.dial = (endpoint, events) =>
        endpoint === `fake://${silent}`
          ? { send: () => undefined, queuedBytes: 0, close: () => undefined }
          : cluster.dial(endpoint, events);
      const client = createClient({ endpoints: cluster.endpoints, dial, clock, seed: 10 * silent + leader });
      cluster.leader = leader;
      cluster.intercept = ({ kind, id }, connection) => {
        if (kind !== "read" || connection.node === leader) return false;
        cluster.refuse(connection, id, { code: "NO_LEADER", leader: 0 });
        return true;
      };
      const reply = outcomeOf(client.read("kv", words("a")));
      await clock.pass(3000);
      assert.equal(said(reply.value), silent === leader ? "" : "a", `${silent} is silent, ${leader} leads`);
    }
  }
});

test("many that never answer, and are dialled for as long as it takes to try them all, do not keep a client from the one that leads", async () => {
  const DIAL_MS = 1000;
  for (let seed = 0; seed < 12; seed++) {
    const clock = new FakeClock();
    const cluster = new FakeCluster(clock, 7);
    const isDark = (endpoint: string): boolean => ["1", "2", "6", "7"].some((node) => endpoint === `fake://${node}`);
    const dial: typeof cluster.dial = (endpoint, events) => {
      if (!isDark(endpoint)) return cluster.dial(endpoint, events);
      clock.after(DIAL_MS, () => events.closed({ code: "", why: "no answer" }));
      return { send: () => undefined, queuedBytes: 0, close: () => undefined };
    };
    const client = createClient({ endpoints: cluster.endpoints, dial, clock, seed });
    cluster.leader = 3;
    cluster.intercept = ({ kind, id }, connection) => {
      if (kind !== "read" || connection.node === 3) return false;
      cluster.refuse(connection, id, { code: "NO_LEADER", leader: 0 });
      return true;
    };
    const reply = outcomeOf(client.read("kv", words("a")));
    await clock.pass(3000);
    assert.equal(said(reply.value), "a", `seed ${seed}`);
  }
});

test("a lost reply is asked for again under the same number, elsewhere, and nothing is applied twice", async () => {
  const { clock, cluster, client } = world();
  await Promise.all([client.session(), clock.settle()]);
  cluster.losesReplies = true;
  const reply = outcomeOf(client.call("kv", words("a")));
  await clock.settle();
  assert.equal(reply.value, undefined);
  cluster.losesReplies = false;
  cluster.leader = 2;
  cluster.stop(1);
  await clock.pass(1000);
  assert.equal(said(reply.value), "done a");
  assert.deepEqual(cluster.applied, ["a"]);
  assert.equal(new Set(cluster.calls().map(({ session, number }) => `${session}/${number}`)).size, 1);
});

test("a replica that falls silent is noticed by pings, and its calls go elsewhere", async () => {
  const { clock, cluster, client } = world();
  await Promise.all([client.session(), clock.settle()]);
  cluster.deaf.add(1);
  cluster.leader = 2;
  const reply = outcomeOf(client.call("kv", words("a")));
  await clock.pass(3000);
  assert.equal(reply.value, undefined);
  await clock.pass(3000);
  assert.equal(said(reply.value), "done a");
  assert.ok(client.endpoints().some(({ endpoint, why }) => endpoint === "fake://1" && why.includes("silent")));
});

test("a call that was sent and not answered in time is unknown, and the log is asked in the background until its number is free", async () => {
  const { clock, cluster, client } = world(1);
  await Promise.all([client.session(), clock.settle()]);
  cluster.losesReplies = true;
  const lost = outcomeOf(client.call("kv", words("a"), { timeoutMs: 500 }));
  await clock.pass(499);
  assert.deepEqual(lost, {});
  await clock.pass(1);
  assert.equal(lost.error?.code, "DEADLINE");
  assert.equal(lost.error.outcome, "unknown");
  const request = lost.error.request;
  assert.ok(request !== null);
  cluster.losesReplies = false;
  cluster.cut(1);
  await clock.pass(1000);
  const settled = await client.settle(request);
  assert.equal(settled.outcome, "applied");
  assert.equal(settled.outcome === "applied" && said(settled.reply), "done a");
  // Nothing is held back by the number that had been unknown.
  const next = outcomeOf(client.call("kv", words("b")));
  await clock.settle();
  assert.equal(said(next.value), "done b");
  assert.ok(Math.max(...cluster.releases) >= request.number);
});

test("a call that never reached the log is settled as not applied, and can never be applied afterwards", async () => {
  const { clock, cluster, client } = world(1);
  await Promise.all([client.session(), clock.settle()]);
  cluster.intercept = (frame) => frame.kind === "call" && frame.machine === "kv";
  const lost = outcomeOf(client.call("kv", words("a"), { timeoutMs: 500 }));
  await clock.pass(500);
  assert.equal(lost.error?.outcome, "unknown");
  const [frame] = cluster.calls();
  assert.ok(frame !== undefined && lost.error.request !== null);
  assert.deepEqual(await client.settle(lost.error.request), { outcome: "not-applied" });
  assert.deepEqual(cluster.applied, []);
});

test("an aborted call is unknown if it was sent, and not applied if it was not", async () => {
  const { clock, cluster, client } = world(1);
  const early = new AbortController();
  const unsent = outcomeOf(client.call("kv", words("a"), { signal: early.signal }));
  early.abort();
  await clock.settle();
  assert.equal(unsent.error?.code, "ABORTED");
  assert.equal(unsent.error.outcome, "not-applied");
  assert.deepEqual(cluster.applied, []);
  await Promise.all([client.session(), clock.settle()]);
  cluster.losesReplies = true;
  const late = new AbortController();
  const sent = outcomeOf(client.call("kv", words("b"), { signal: late.signal }));
  await clock.pass(100);
  late.abort();
  await clock.settle();
  assert.equal(sent.error?.code, "ABORTED");
  assert.equal(sent.error.outcome, "unknown");
  const aborted = outcomeOf(client.call("kv", words("c"), { signal: AbortSignal.abort() }));
  await clock.settle();
  assert.equal(aborted.error?.outcome, "not-applied");
});

test("a call refused as the only copy ever sent is not applied, under the code of the refusal", async () => {
  const { clock, cluster, client } = world(1);
  await Promise.all([client.session(), clock.settle()]);
  cluster.leader = 9;
  const refused = outcomeOf(client.call("kv", words("a"), { timeoutMs: 2000 }));
  await clock.pass(2000);
  assert.equal(refused.error?.code, "NO_LEADER");
  assert.equal(refused.error.outcome, "not-applied");
  assert.deepEqual(cluster.applied, []);
});

test("a refusal after a copy whose fate is not known is never called not applied without the log's word", async () => {
  const { clock, cluster, client } = world(1);
  await Promise.all([client.session(), clock.settle()]);
  cluster.losesReplies = true;
  const reply = outcomeOf(client.call("kv", words("a")));
  await clock.settle();
  cluster.losesReplies = false;
  let refusals = 0;
  cluster.intercept = (frame, connection) => {
    if (frame.kind !== "call" || frame.machine !== "kv") return false;
    refusals += 1;
    cluster.refuse(connection, frame.id, { code: "TOO_LARGE" });
    return true;
  };
  cluster.cut(1);
  await clock.pass(100);
  assert.equal(refusals, 1);
  assert.equal(said(reply.value), "done a");
});

test("an outcome that a replica cannot tell is asked for again with the same number", async () => {
  const { clock, cluster, client } = world(1);
  await Promise.all([client.session(), clock.settle()]);
  let first = true;
  cluster.intercept = (frame, connection) => {
    if (frame.kind !== "call" || !first || frame.machine !== "kv") return false;
    first = false;
    cluster.refuse(connection, frame.id, { code: "NO_LEADER", outcome: "unknown" });
    return true;
  };
  const reply = outcomeOf(client.call("kv", words("a")));
  await clock.pass(100);
  assert.equal(said(reply.value), "done a");
  assert.equal(new Set(cluster.calls().map(({ number }) => number)).size, 1);
  assert.equal(cluster.calls().length, 2);
});

test("once a replica could not tell, refusals by others do not make a call not applied", async () => {
  const { clock, cluster, client } = world(1);
  await Promise.all([client.session(), clock.settle()]);
  let first = true;
  cluster.intercept = (frame, connection) => {
    if (frame.kind !== "call" || frame.machine !== "kv") return false;
    cluster.refuse(connection, frame.id, { code: "NO_LEADER", outcome: first ? "unknown" : "not-applied" });
    first = false;
    return true;
  };
  const call = outcomeOf(client.call("kv", words("a"), { timeoutMs: 1000 }));
  await clock.pass(1000);
  assert.ok(cluster.calls().length > 1);
  assert.equal(call.error?.code, "DEADLINE");
  assert.equal(call.error.outcome, "unknown");
});

test("a number whose outcome is unknown is not released before the log has settled it", async () => {
  const { clock, cluster, client } = world(1);
  await Promise.all([client.session(), clock.settle()]);
  cluster.intercept = (frame) => frame.kind === "call" && frame.number <= 2;
  const lost = outcomeOf(client.call("kv", words("a"), { timeoutMs: 100 }));
  await clock.pass(100);
  assert.equal(lost.error?.request?.number, 1);
  await Promise.all([client.call("kv", words("b")), clock.settle()]);
  await Promise.all([client.call("kv", words("c")), clock.settle()]);
  // Number 2 asks about number 1, and is not answered either.
  for (const { releasedTo } of cluster.calls()) assert.equal(releasedTo, 0);
});

test("after the end of the session what was sent is unknown, and later calls get a new session", async () => {
  const { clock, cluster, client } = world(1);
  const lease = client.session();
  await clock.settle();
  const first = await lease;
  cluster.liveSessions.clear();
  const lost = outcomeOf(client.call("kv", words("a")));
  await clock.settle();
  assert.equal(lost.error?.code, "SESSION_ENDED");
  assert.equal(lost.error.outcome, "unknown");
  assert.ok(first.ended.aborted);
  assert.ok(first.leaseEndMs() <= clock.nowMs());
  assert.ok(lost.error.request !== null);
  assert.deepEqual(await client.settle(lost.error.request), { outcome: "forgotten" });
  const later = outcomeOf(client.call("kv", words("b")));
  await clock.settle();
  assert.equal(said(later.value), "done b");
  const second = await client.session();
  assert.notEqual(second.id, first.id);
});

test("the belief in a session counts from the first copy of the renewal that was confirmed", async () => {
  const { clock, cluster, client } = world(1);
  const lease = client.session();
  await clock.settle();
  const session = await lease;
  assert.equal(session.leaseEndMs(), leaseEndMs(0, 10_000));
  let renewedAtMs = -1;
  session.onRenewed(() => (renewedAtMs = clock.nowMs()));
  const renewals: number[] = [];
  let lose = true;
  cluster.intercept = (frame) => {
    if (frame.kind !== "call" || frame.machine !== SESSION_MACHINE) return false;
    if (sessionCommands.decode(frame.command).kind !== "renew") return false;
    renewals.push(clock.nowMs());
    return lose;
  };
  await clock.pass(3500);
  const [firstSentMs] = renewals;
  assert.ok(firstSentMs !== undefined && Math.abs(firstSentMs - 10_000 / 3) <= 2, String(firstSentMs));
  assert.equal(renewedAtMs, -1);
  lose = false;
  cluster.cut(1);
  await clock.pass(200);
  assert.ok(renewedAtMs >= 3500);
  assert.equal(renewals.length, 2);
  assert.equal(session.leaseEndMs(), leaseEndMs(firstSentMs, 10_000));
});

test("when the machine slept, nothing is believed until a renewal that began afterwards is confirmed", async () => {
  const { clock, cluster, client } = world(1);
  const lease = client.session();
  await clock.settle();
  const session = await lease;
  // A renewal is on its way while the machine sleeps.
  cluster.losesReplies = true;
  await clock.pass(3400);
  clock.sleep(5000);
  assert.ok(session.leaseEndMs() <= clock.nowMs());
  const wokeMs = clock.nowMs();
  cluster.losesReplies = false;
  cluster.cut(1);
  await clock.pass(1000);
  assert.ok(session.leaseEndMs() >= leaseEndMs(wokeMs, 10_000), String(session.leaseEndMs()));
});

test("the confirmation of a renewal that began before the machine slept is believed no more", async () => {
  const { clock, cluster, client } = world(1);
  const lease = client.session();
  await clock.settle();
  const session = await lease;
  const renewals = new Set<number>();
  // Only the first renewal is ever answered.
  cluster.intercept = (frame) => {
    if (frame.kind !== "call" || frame.machine !== SESSION_MACHINE) return false;
    renewals.add(frame.number);
    return cluster.losesReplies || frame.number !== Math.min(...renewals);
  };
  cluster.losesReplies = true;
  await clock.pass(3400);
  assert.equal(renewals.size, 1);
  clock.sleep(5000);
  assert.equal(session.leaseEndMs(), -Infinity);
  cluster.losesReplies = false;
  cluster.cut(1);
  await clock.pass(200);
  assert.ok(renewals.size > 1);
  assert.equal(session.leaseEndMs(), -Infinity);
});

test("a session whose opening began before the machine slept is not believed in before a renewal", async () => {
  const { clock, cluster, client } = world(1);
  cluster.losesReplies = true;
  const lease = client.session();
  await clock.settle();
  clock.sleep(5000);
  await clock.pass(10);
  cluster.losesReplies = false;
  cluster.intercept = (frame) =>
    frame.kind === "call" && frame.session !== 0 && sessionCommands.decode(frame.command).kind === "renew";
  cluster.cut(1);
  await clock.pass(100);
  const session = await lease;
  assert.equal(session.leaseEndMs(), -Infinity);
  cluster.intercept = null;
  cluster.cut(1);
  await clock.pass(2000);
  assert.ok(session.leaseEndMs() > clock.nowMs());
});

test("a small difference between the clocks is no suspension", async () => {
  const { clock, client } = world(1);
  const lease = client.session();
  await clock.settle();
  const session = await lease;
  clock.sleep(APART_MS_MAX);
  assert.equal(session.leaseEndMs(), leaseEndMs(0, 10_000));
});

test("no replica: the error names every endpoint and why it was of no use", async () => {
  const { clock, cluster, client } = world();
  for (const node of [1, 2, 3]) cluster.down.add(node);
  const call = outcomeOf(client.call("kv", words("a"), { timeoutMs: 3000 }));
  await clock.pass(3000);
  assert.equal(call.error?.code, "NO_REPLICA");
  assert.equal(call.error.outcome, "not-applied");
  for (const node of [1, 2, 3]) assert.match(call.error.message, new RegExp(`fake://${node}: connection refused`));
});

test("attempts to reach replicas that are down become rarer, and end in success when one is up", async () => {
  const { clock, cluster, client } = world();
  for (const node of [1, 2, 3]) cluster.down.add(node);
  const call = outcomeOf(client.call("kv", words("a"), { timeoutMs: 0 }));
  await clock.pass(60_000);
  const attempts = cluster.dials;
  assert.ok(attempts > 30 && attempts < 200, String(attempts));
  cluster.down.clear();
  await clock.pass(2500);
  assert.equal(said(call.value), "done a");
});

test("a wrong cluster or credential is told at once, not after the deadline", async () => {
  const clock = new FakeClock();
  const client = createClient({
    endpoints: ["fake://1"],
    clock,
    seed: 1,
    dial: (_endpoint, events) => {
      clock.endOfTurn(() => events.closed({ code: "WRONG_CLUSTER", why: 'it is cluster "b", not "a"' }));
      return { send: () => undefined, queuedBytes: 0, close: () => undefined };
    },
  });
  const call = outcomeOf(client.call("kv", words("a")));
  const session = outcomeOf(client.session());
  await clock.settle();
  assert.equal(call.error?.code, "WRONG_CLUSTER");
  assert.match(call.error.message, /it is cluster "b"/);
  assert.equal(session.error?.code, "WRONG_CLUSTER");
});

test("an overloaded replica is given time, and the call goes through", async () => {
  const { clock, cluster, client } = world(1);
  await Promise.all([client.session(), clock.settle()]);
  let refusals = 3;
  cluster.intercept = (frame, connection) => {
    if (frame.kind !== "call" || refusals === 0) return false;
    refusals -= 1;
    cluster.refuse(connection, frame.id, { code: "OVERLOADED" });
    return true;
  };
  const call = outcomeOf(client.call("kv", words("a")));
  await clock.settle();
  assert.equal(call.value, undefined);
  await clock.pass(1000);
  assert.equal(said(call.value), "done a");
});

test("a number that the log burnt because it was full is replaced by a fresh one", async () => {
  const { clock, cluster, client } = world(1);
  await Promise.all([client.session(), clock.settle()]);
  let full = true;
  cluster.intercept = (frame, connection) => {
    if (frame.kind !== "call" || !full) return false;
    full = false;
    cluster.refuse(connection, frame.id, { code: "OVERLOADED", settled: true });
    return true;
  };
  const call = outcomeOf(client.call("kv", words("a")));
  await clock.pass(100);
  assert.equal(said(call.value), "done a");
  assert.equal(new Set(cluster.calls().map(({ number }) => number)).size, 2);
});

test("reads take no number and may go to a node of choice", async () => {
  const { clock, cluster, client } = world();
  const read = outcomeOf(client.read("kv", words("q"), { level: "stale", at: 2 }));
  await clock.pass(100);
  assert.equal(said(read.value), "q");
  assert.equal(cluster.frames.find(({ frame }) => frame.kind === "read")?.node, 2);
  assert.equal(cluster.liveSessions.size, 0);
});

test("a session read asks for everything that this client has seen", async () => {
  const { clock, cluster, client } = world(1);
  const call = outcomeOf(client.call("kv", words("a")));
  await clock.settle();
  const revision = call.value?.revision;
  const read = outcomeOf(client.read("kv", words("q"), { level: "session" }));
  await clock.settle();
  assert.equal(said(read.value), "q");
  const frame = cluster.frames.find(({ frame: one }) => one.kind === "read")?.frame;
  assert.equal(frame?.kind === "read" && frame.minRevision, revision);
});

test("close ends calls as closed, the belief first, then the session, and leaves nothing behind", async () => {
  const { clock, cluster, client } = world(1);
  const lease = client.session();
  await clock.settle();
  const session = await lease;
  cluster.losesReplies = true;
  const lost = outcomeOf(client.call("kv", words("a")));
  await clock.settle();
  cluster.losesReplies = false;
  const closed = outcomeOf(client.close());
  assert.ok(session.ended.aborted);
  assert.ok(session.leaseEndMs() <= clock.nowMs());
  await clock.settle();
  assert.equal(lost.error?.code, "CLOSED");
  assert.equal(lost.error.outcome, "unknown");
  assert.ok("value" in closed);
  assert.equal(cluster.liveSessions.size, 0);
  assert.equal(clock.timers, 0);
  const later = outcomeOf(client.call("kv", words("b")));
  await clock.settle();
  assert.equal(later.error?.code, "CLOSED");
  assert.equal(later.error.outcome, "not-applied");
});

test("close does not wait for ever for a log that does not answer", async () => {
  const { clock, cluster, client } = world(1);
  await Promise.all([client.session(), clock.settle()]);
  cluster.deaf.add(1);
  const closed = outcomeOf(client.close());
  await clock.pass(2000);
  assert.ok("value" in closed);
  assert.equal(clock.timers, 0);
});

test("the status of an endpoint is its own answer, and one that cannot be reached says so at once", async () => {
  const { clock, cluster, client } = world();
  cluster.down.add(2);
  const up = outcomeOf(client.status("fake://3"));
  const down = outcomeOf(client.status("fake://2"));
  await clock.settle();
  assert.deepEqual(up.value, { node: 3 });
  assert.equal(down.error?.code, "NO_REPLICA");
  assert.match(down.error.message, /fake:\/\/2.*connection refused/);
});

test("a client without an endpoint is refused", () => {
  const clock = new FakeClock();
  const make = (): Client => createClient({ endpoints: [], dial: new FakeCluster(clock, 1).dial, clock, seed: 1 });
  assert.throws(make, (error) => error instanceof QuorateError && error.code === "BAD_OPTION");
});
