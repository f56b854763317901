import assert from "node:assert/strict";
import { test } from "node:test";
import type { Fault, RunConfig } from "@quorate/sim";
import { configOf, runOnce } from "@quorate/sim";
import { type ObservedRun, observersOf, Unobservant } from "../../../sim/src/world/observer.ts";

const CONFIG: RunConfig = {
  ...configOf(1, { seconds: 4, nodes: 3, without: [], plant: "none" }),
  spares: 0,
  quorum: "majority",
  kvClients: 2,
  lockClients: 1,
  watchClients: 1,
  kinds: ["power-loss", "split", "pause"],
  gapMs: 1000,
  checkpointEntries: 20,
  segmentBytes: 64 * 1024,
  valueBytes: 0,
  electionTimeoutMs: 300,
  windowSlots: 256,
  messageEntriesMax: 64,
  keys: 3,
  thinkMs: 50,
};

const FAULTS: readonly Fault[] = [
  { kind: "power-loss", gapMs: 1000, forMs: 300, node: 1, peer: 0, choice: 5 },
  { kind: "split", gapMs: 700, forMs: 500, node: 0, peer: 1, choice: 2 },
  { kind: "pause", gapMs: 600, forMs: 400, node: 2, peer: 0, choice: 0 },
];

/** Counts what it is told of, and checks that it comes in an order that can be. */
class Counting extends Unobservant {
  readonly counts = new Map<string, number>();
  readonly #inFlight = new Set<number>();
  readonly #cut = new Set<string>();
  #run: ObservedRun | null = null;
  #atMs = 0;

  #count(what: string): void {
    this.counts.set(what, (this.counts.get(what) ?? 0) + 1);
    const { nowMs } = this.#run!;
    assert.ok(nowMs >= this.#atMs, "true time never goes back");
    this.#atMs = nowMs;
  }

  override runBegan(run: ObservedRun): void {
    this.#run = run;
    this.#count("began");
  }
  override messageSent(): void {
    this.#count("sent");
  }
  override frameSent(frame: number): void {
    this.#count("frame");
    this.#inFlight.add(frame);
  }
  override frameDelivered(frame: number): void {
    this.#count("delivered");
    assert.ok(this.#inFlight.has(frame), "only what was sent arrives");
  }
  override frameLost(frame: number): void {
    this.#count("lost");
    assert.ok(this.#inFlight.has(frame), "only what was sent is lost");
  }
  override linkCut(from: number, to: number): void {
    this.#count("cut");
    this.#cut.add(`${from} ${to}`);
  }
  override linkHealed(from: number, to: number): void {
    this.#count("healed link");
    assert.ok(this.#cut.delete(`${from} ${to}`), "only what was cut heals");
  }
  override powerLost(): void {
    this.#count("power lost");
  }
  override processPaused(): void {
    this.#count("paused");
  }
  override processResumed(): void {
    this.#count("resumed");
  }
  override bytesSynced(_node: number, path: string): void {
    if (path.startsWith("wal/")) this.#count("synced");
  }
  override writeIssued(): void {
    this.#count("write");
  }
  override replicaBegan(): void {
    this.#count("replica");
  }
  override roleChanged(): void {
    this.#count("role");
  }
  override applied(): void {
    this.#count("applied");
  }
  override snapshotTaken(): void {
    this.#count("snapshot");
  }
  override callInvoked(): void {
    this.#count("invoked");
  }
  override callAnswered(): void {
    this.#count("answered");
  }
  override lockHeld(): void {
    this.#count("held");
  }
  override lockGone(): void {
    this.#count("gone");
  }
  override faultStruck(): void {
    this.#count("fault");
  }
  override faultEnded(): void {
    this.#count("fault ended");
  }
}

test("a run that is observed is the same run, and its observer is told of everything", async () => {
  const seen = new Counting();
  const observed = await runOnce(CONFIG, 7, FAULTS, undefined, [seen]);
  const alone = await runOnce(CONFIG, 7, FAULTS);
  assert.equal(observed.violation, null);
  assert.equal(observed.hash, alone.hash);
  assert.equal(seen.counts.get("fault"), 3);
  assert.equal(seen.counts.get("fault ended"), 3);
  assert.ok(seen.counts.get("power lost")! >= 1, "healing may take a node for good");
  assert.equal(seen.counts.get("replica"), 4, "three at the beginning, and one after the power loss");
  const all = ["sent", "delivered", "lost", "cut", "healed link", "paused", "resumed", "synced", "write", "role"];
  for (const what of [...all, "applied", "snapshot", "invoked", "answered", "held", "gone"]) {
    assert.ok((seen.counts.get(what) ?? 0) > 0, `nothing was told of "${what}"`);
  }
});

test("several observers are told in their order, each only of what it looks at", () => {
  const told: string[] = [];
  class First extends Unobservant {
    override processDied(end: number): void {
      told.push(`first ${end}`);
    }
  }
  class Second extends Unobservant {
    override processDied(end: number): void {
      told.push(`second ${end}`);
    }
    override lockHeld(lock: string, client: number, token: number): void {
      told.push(`${lock} ${client} ${token}`);
    }
  }
  const both = observersOf([new First(), new Second()]);
  both.processDied(2);
  both.lockHeld("door", 1025, 9);
  both.powerLost(3);
  assert.deepEqual(told, ["first 2", "second 2", "door 1025 9"]);
});

test("a sync is told of as failed when its process hears of it, not as it begins", async () => {
  const told: string[] = [];
  class Failures extends Unobservant {
    #run: ObservedRun | null = null;
    override runBegan(run: ObservedRun): void {
      this.#run = run;
    }
    override syncFailed(node: number): void {
      told.push(`sync ${node} ${this.#run!.nowMs}`);
    }
    override processFailed(node: number): void {
      told.push(`process ${node} ${this.#run!.nowMs}`);
    }
  }
  const faults: readonly Fault[] = [{ kind: "disk-error", gapMs: 1000, forMs: 500, node: 1, peer: 0, choice: 0 }];
  await runOnce(CONFIG, 7, faults, undefined, [new Failures()]);
  assert.match(told[0]!, /^sync 2 /u);
  assert.equal(told[1], told[0]!.replace("sync", "process"));
});
