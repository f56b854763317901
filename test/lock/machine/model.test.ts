import assert from "node:assert/strict";
import { test } from "node:test";
import type { DescribedClaim, LockShape, Want } from "@quorate/lock";
import fc from "fast-check";
import { imageBytes, LogOfOne, want } from "../log-of-one.ts";

/** A claim in the plain model: one list in the order of the log, searched from the front after every step. */
interface PlainClaim {
  readonly sequence: number;
  readonly session: number;
  readonly id: number;
  readonly wants: readonly Want[];
  readonly delayMs: number;
  readonly beliefMs: number;
  state: "queued" | "held" | "revoked" | "lost";
  token: number;
  endsAtMs: number;
}

function compatible(want: Want, others: readonly Want[]): boolean {
  if (want.mode === "exclusive") return others.length === 0;
  if (want.mode === "shared") return others.every((other) => other.mode === "shared");
  if (others.some((other) => other.mode !== "permits")) return false;
  return others.reduce((sum, other) => sum + other.permits, want.permits) <= want.permitsMax;
}

class PlainLocks {
  claims: PlainClaim[] = [];
  /** lock → every grant in the order of tokens. */
  readonly grants: { readonly lock: string; readonly token: number; readonly sequence: number }[] = [];

  private wantsAt(lock: string, claims: readonly PlainClaim[]): readonly Want[] {
    return claims.flatMap((claim) => claim.wants.filter((want) => want.lock === lock));
  }

  canHave(claim: PlainClaim, before: readonly PlainClaim[]): boolean {
    return claim.wants.every(
      (want) =>
        this.wantsAt(
          want.lock,
          before.filter(({ state }) => state === "queued"),
        ).length === 0 &&
        compatible(
          want,
          this.wantsAt(
            want.lock,
            this.claims.filter(({ state }) => state !== "queued"),
          ),
        ),
    );
  }

  grantAll(revision: number): void {
    this.claims.forEach((claim, index) => {
      if (claim.state !== "queued" || !this.canHave(claim, this.claims.slice(0, index))) return;
      claim.state = "held";
      claim.token = revision;
      for (const { lock } of claim.wants) this.grants.push({ lock, token: revision, sequence: claim.sequence });
    });
  }

  remove(gone: (claim: PlainClaim) => boolean): void {
    this.claims = this.claims.filter((claim) => !gone(claim));
  }

  lose(claim: PlainClaim, logTimeMs: number): void {
    claim.state = "lost";
    claim.endsAtMs = logTimeMs + claim.delayMs;
    if (claim.delayMs === 0) this.remove((other) => other === claim);
  }
}

const locks = ["a", "b", "c"];
const wantOf = (lock: string): fc.Arbitrary<Want> =>
  fc.oneof(
    { weight: 3, arbitrary: fc.constant(want(lock)) },
    { weight: 2, arbitrary: fc.constant(want(lock, "shared")) },
    { weight: 1, arbitrary: fc.integer({ min: 1, max: 3 }).map((permits) => want(lock, "permits", permits, 3)) },
  );
const wants = fc
  .subarray(locks, { minLength: 1 })
  .chain((names) => fc.tuple(...names.map(wantOf)))
  .map((list): readonly Want[] => list);
const session = fc.integer({ min: 1, max: 4 });
const claimId = fc.integer({ min: 1, max: 3 });

const action = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant("acquire" as const),
      session,
      claim: claimId,
      wants,
      wait: fc.boolean(),
      delayMs: fc.constantFrom(0, 0, 30),
      beliefMs: fc.constant(20),
    }),
  },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant("cancel" as const), session, claim: claimId }) },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant("release" as const), session, claim: claimId, stale: fc.boolean() }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("end" as const), session }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("pass" as const), ms: fc.integer({ min: 1, max: 60 }) }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant("force" as const), lock: fc.constantFrom(...locks), now: fc.boolean() }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant("restore" as const), chunkBytes: fc.integer({ min: 1, max: 90 }) }),
  },
);
type Action = typeof action extends fc.Arbitrary<infer T> ? T : never;

/** Applies one action to both. */
function perform(log: LogOfOne, plain: PlainLocks, seen: Set<string>, what: Action): void {
  const live = (): ((claim: PlainClaim) => boolean) => (claim) => claim.state !== "lost";
  const find = (owner: number, id: number): PlainClaim | undefined =>
    plain.claims.filter(live()).find((claim) => claim.session === owner && claim.id === id);
  switch (what.kind) {
    case "acquire": {
      const result = log.acquire(what.session, what.claim, what.wants, what);
      if (find(what.session, what.claim) !== undefined) return;
      if (!log.liveSessions.has(what.session)) {
        assert.deepEqual(result, { kind: "refused", reason: "no-session" });
        return;
      }
      const claim: PlainClaim = {
        sequence: log.revision,
        session: what.session,
        id: what.claim,
        wants: what.wants,
        delayMs: what.delayMs,
        beliefMs: what.beliefMs,
        state: "queued",
        token: 0,
        endsAtMs: 0,
      };
      const free = plain.canHave(claim, plain.claims);
      assert.equal(result.kind, free || what.wait ? "claim" : "busy");
      if (result.kind === "claim") plain.claims.push(claim);
      else if (result.kind === "busy" && result.delayedUntilMs > 0) seen.add("busy by delay");
      break;
    }
    case "cancel": {
      const found = find(what.session, what.claim);
      const result = log.apply(what.session, { kind: "cancel", claim: what.claim });
      const was = found === undefined ? "none" : found.state === "queued" ? "queued" : "held";
      assert.deepEqual(result, { kind: "cancelled", was });
      plain.remove((claim) => claim === found);
      break;
    }
    case "release": {
      const found = find(what.session, what.claim);
      const token = (found?.token ?? 0) + (what.stale ? -1 : 0);
      if (token < 1) return;
      const released = found !== undefined && !what.stale;
      const result = log.apply(what.session, { kind: "release", claim: what.claim, token });
      assert.deepEqual(result, { kind: "released", released });
      if (released) plain.remove((claim) => claim === found);
      break;
    }
    case "end": {
      if (!log.liveSessions.has(what.session)) return;
      log.endSessions(what.session);
      for (const claim of [...plain.claims].filter((one) => one.session === what.session && one.state !== "lost")) {
        if (claim.state === "queued") plain.remove((other) => other === claim);
        else {
          plain.lose(claim, log.logTimeMs);
          seen.add("lost");
        }
      }
      // The next life of this client is another session; to keep the space small it has the same number.
      plain.grantAll(log.revision);
      log.liveSessions.add(what.session);
      return;
    }
    case "pass": {
      const toMs = log.logTimeMs + what.ms;
      while (log.machine.dueMs!() <= toMs) {
        log.advanceTo(log.machine.dueMs!());
        for (const claim of [...plain.claims].filter((one) => one.endsAtMs > 0 && one.endsAtMs <= log.logTimeMs)) {
          if (claim.state === "lost") plain.remove((other) => other === claim);
          else {
            plain.lose(claim, log.logTimeMs);
            seen.add("revoked to the end");
          }
        }
        plain.grantAll(log.revision);
        compare(log, plain);
      }
      log.advanceTo(toMs);
      return;
    }
    case "force": {
      log.apply(4, { kind: "force", lock: what.lock, token: 0, now: what.now, reason: "model" });
      for (const claim of [...plain.claims]) {
        if (claim.state === "queued" || !claim.wants.some(({ lock }) => lock === what.lock)) continue;
        if (what.now) plain.remove((other) => other === claim);
        else if (claim.state === "held") {
          claim.state = "revoked";
          claim.endsAtMs = log.logTimeMs + claim.beliefMs;
        }
      }
      break;
    }
    case "restore": {
      const before = imageBytes(log.machine.image());
      log.machine = log.restored(what.chunkBytes);
      assert.deepEqual(imageBytes(log.machine.image()), before);
      return;
    }
  }
  plain.grantAll(log.revision);
}

function compare(log: LogOfOne, plain: PlainLocks): void {
  for (const name of locks) {
    const answer: LockShape["answer"] = log.query({ kind: "describe", lock: name });
    assert.ok(answer.kind === "describe");
    const inLock = plain.claims.filter((claim) => claim.wants.some(({ lock }) => lock === name));
    const told = (claims: readonly DescribedClaim[]): unknown =>
      claims.map((claim) => [claim.session, claim.claim, claim.state, claim.token, claim.endsAtMs]);
    const meant = (claims: readonly PlainClaim[]): unknown =>
      claims.map((claim) => [claim.session, claim.id, claim.state, claim.token, claim.endsAtMs]);
    const occupants = inLock
      .filter(({ state }) => state !== "queued")
      .sort((a, b) => a.token - b.token || a.sequence - b.sequence);
    assert.deepEqual(told(answer.lock.occupants), meant(occupants));
    assert.deepEqual(told(answer.lock.waiters), meant(inLock.filter(({ state }) => state === "queued")));
    for (const { token, state } of occupants) {
      if (state !== "lost") assert.equal(log.validate(name, token), true);
    }
  }
}

test("the machine does what a plain list of claims, searched from the front, would do", () => {
  const seen = new Set<string>();
  fc.assert(
    fc.property(fc.array(action, { minLength: 1, maxLength: 60, size: "max" }), (actions) => {
      const log = new LogOfOne();
      const plain = new PlainLocks();
      for (const what of actions) {
        perform(log, plain, seen, what);
        compare(log, plain);
      }
      // Whoever came to a lock earlier got it earlier: nothing overtakes.
      for (const lock of locks) {
        const order = plain.grants.filter((grant) => grant.lock === lock);
        for (let index = 1; index < order.length; index++) {
          assert.ok(order[index - 1]!.sequence < order[index]!.sequence, `a claim was overtaken at ${lock}`);
          assert.ok(order[index - 1]!.token <= order[index]!.token);
        }
      }
    }),
    { seed: 10, numRuns: 400 },
  );
  assert.deepEqual([...seen].sort(), ["busy by delay", "lost", "revoked to the end"]);
});
