import {
  cbor,
  type Check,
  checkBoolean,
  checkBytes,
  checkInt,
  checkKinds,
  checkList,
  checkNullable,
  checkOneOf,
  checkText,
  checkTuple,
  type Codec,
} from "@quorate/machine";

import type { ClaimState, LockMode } from "./claim.ts";
import { checkCount, checkId, checkLockName, checkLogTime } from "./command.ts";
import type { Leader } from "./election.ts";
import {
  AUDIT_MAX,
  DESCRIBED_MAX,
  LIST_MAX,
  LOCK_NAME_LENGTH_MAX,
  REASON_LENGTH_MAX,
  VALUE_BYTES_MAX,
} from "./limits.ts";
import { checkStatus, type ClaimStatus, statusOf, statusTuple } from "./status.ts";

/** One claim as seen from a lock. Log times: compare them with the `logTimeMs` of the answer to get ages. */
export interface DescribedClaim {
  readonly session: number;
  readonly claim: number;
  readonly state: ClaimState;
  readonly mode: LockMode;
  readonly permits: number;
  readonly token: number;
  readonly queuedAtMs: number;
  readonly grantedAtMs: number;
  readonly endsAtMs: number;
}

/** One lock. */
export interface DescribedLock {
  readonly name: string;
  /** Size of the semaphore; 0 for other locks. */
  readonly permitsMax: number;
  /** Held, revoked or lost; the oldest, at most `DESCRIBED_MAX`. */
  readonly occupants: readonly DescribedClaim[];
  readonly occupantCount: number;
  /** In the order of the queue, at most `DESCRIBED_MAX`. */
  readonly waiters: readonly DescribedClaim[];
  readonly waiterCount: number;
}

/** One forced release. */
export interface AuditEntry {
  readonly revision: number;
  readonly logTimeMs: number;
  readonly lock: string;
  /** Who forced it; 0: no session. */
  readonly session: number;
  readonly now: boolean;
  readonly reason: string;
  /** The holders from which it was taken: session and token. */
  readonly taken: readonly (readonly [session: number, token: number])[];
}

/** What can be asked. */
export type LockQuery =
  | { readonly kind: "describe"; readonly lock: string }
  /** The `limit` first locks by name, after `after`, that begin with `prefix`. */
  | { readonly kind: "list"; readonly prefix: string; readonly after: string; readonly limit: number }
  /** Whether the lock is held under this token now. */
  | { readonly kind: "validate"; readonly lock: string; readonly token: number }
  | { readonly kind: "claim"; readonly session: number; readonly claim: number }
  | { readonly kind: "leader"; readonly lock: string }
  | { readonly kind: "audit" };

/** The answers, one per kind. */
export type LockAnswer =
  | { readonly kind: "describe"; readonly lock: DescribedLock }
  | { readonly kind: "list"; readonly locks: readonly DescribedLock[]; readonly more: boolean }
  | { readonly kind: "validate"; readonly held: boolean }
  | { readonly kind: "claim"; readonly status: ClaimStatus }
  | { readonly kind: "leader"; readonly leader: Leader | null }
  /** The oldest first. */
  | { readonly kind: "audit"; readonly entries: readonly AuditEntry[] };

/** What can be watched. Level-triggered: the present state comes first, and then again whenever it differs from what was told last. */
export type LockWatch =
  | { readonly kind: "claim"; readonly session: number; readonly claim: number }
  | { readonly kind: "leader"; readonly lock: string };

/** The events, one kind per watch. */
export type LockEvent =
  | { readonly kind: "claim"; readonly status: ClaimStatus }
  | { readonly kind: "leader"; readonly leader: Leader | null };

const STATES: readonly ClaimState[] = ["queued", "held", "revoked", "lost"];
const MODES: readonly LockMode[] = ["exclusive", "shared", "permits"];

const queryTuples = cbor(
  checkKinds({
    1: checkTuple(checkOneOf(1), checkLockName),
    2: checkTuple(
      checkOneOf(2),
      checkText(LOCK_NAME_LENGTH_MAX),
      checkText(LOCK_NAME_LENGTH_MAX),
      checkInt(1, LIST_MAX),
    ),
    3: checkTuple(checkOneOf(3), checkLockName, checkId),
    4: checkTuple(checkOneOf(4), checkId, checkId),
    5: checkTuple(checkOneOf(5), checkLockName),
    6: checkTuple(checkOneOf(6)),
  }),
);

/** Queries as bytes. */
export const queryCodec: Codec<LockQuery> = {
  encode(query) {
    switch (query.kind) {
      case "describe":
        return queryTuples.encode([1, query.lock]);
      case "list":
        return queryTuples.encode([2, query.prefix, query.after, query.limit]);
      case "validate":
        return queryTuples.encode([3, query.lock, query.token]);
      case "claim":
        return queryTuples.encode([4, query.session, query.claim]);
      case "leader":
        return queryTuples.encode([5, query.lock]);
      case "audit":
        return queryTuples.encode([6]);
    }
  },
  decode(bytes) {
    const tuple = queryTuples.decode(bytes);
    switch (tuple[0]) {
      case 1:
        return { kind: "describe", lock: tuple[1] };
      case 2:
        return { kind: "list", prefix: tuple[1], after: tuple[2], limit: tuple[3] };
      case 3:
        return { kind: "validate", lock: tuple[1], token: tuple[2] };
      case 4:
        return { kind: "claim", session: tuple[1], claim: tuple[2] };
      case 5:
        return { kind: "leader", lock: tuple[1] };
      case 6:
        return { kind: "audit" };
    }
  },
};

type DescribedTuple = readonly [number, number, number, number, number, number, number, number, number];
const checkDescribed: Check<DescribedTuple> = checkTuple(
  checkId,
  checkId,
  checkInt(0, STATES.length - 1),
  checkInt(0, MODES.length - 1),
  checkCount,
  checkCount,
  checkLogTime,
  checkLogTime,
  checkLogTime,
);
type LockTuple = readonly [string, number, readonly DescribedTuple[], number, readonly DescribedTuple[], number];
const checkLock: Check<LockTuple> = checkTuple(
  checkLockName,
  checkCount,
  checkList(checkDescribed, DESCRIBED_MAX),
  checkCount,
  checkList(checkDescribed, DESCRIBED_MAX),
  checkCount,
);
type LeaderTuple = readonly [number, number, Uint8Array, number, number];
const checkLeader: Check<LeaderTuple | null> = checkNullable(
  checkTuple(checkId, checkId, checkBytes(VALUE_BYTES_MAX), checkCount, checkLogTime),
);
/** An `AuditEntry` as it stands in answers and images. */
export type AuditTuple = readonly [
  number,
  number,
  string,
  number,
  boolean,
  string,
  readonly (readonly [number, number])[],
];
export const checkAudit: Check<AuditTuple> = checkTuple(
  checkId,
  checkLogTime,
  checkLockName,
  checkCount,
  checkBoolean,
  checkText(REASON_LENGTH_MAX),
  checkList(checkTuple(checkId, checkId), Number.MAX_SAFE_INTEGER),
);

function describedTuple(claim: DescribedClaim): DescribedTuple {
  const { session, claim: id, state, mode, permits, token, queuedAtMs, grantedAtMs, endsAtMs } = claim;
  return [session, id, STATES.indexOf(state), MODES.indexOf(mode), permits, token, queuedAtMs, grantedAtMs, endsAtMs];
}

function describedOf(tuple: DescribedTuple): DescribedClaim {
  const [session, claim, state, mode, permits, token, queuedAtMs, grantedAtMs, endsAtMs] = tuple;
  return {
    session,
    claim,
    state: STATES[state]!,
    mode: MODES[mode]!,
    permits,
    token,
    queuedAtMs,
    grantedAtMs,
    endsAtMs,
  };
}

function lockTuple(lock: DescribedLock): LockTuple {
  const { name, permitsMax, occupants, occupantCount, waiters, waiterCount } = lock;
  return [name, permitsMax, occupants.map(describedTuple), occupantCount, waiters.map(describedTuple), waiterCount];
}

function lockOf([name, permitsMax, occupants, occupantCount, waiters, waiterCount]: LockTuple): DescribedLock {
  return {
    name,
    permitsMax,
    occupants: occupants.map(describedOf),
    occupantCount,
    waiters: waiters.map(describedOf),
    waiterCount,
  };
}

function leaderTuple(leader: Leader | null): LeaderTuple | null {
  return leader === null ? null : [leader.session, leader.token, leader.value, leader.valueRevision, leader.endsAtMs];
}

function leaderFrom(tuple: LeaderTuple | null): Leader | null {
  if (tuple === null) return null;
  const [session, token, value, valueRevision, endsAtMs] = tuple;
  return { session, token, value, valueRevision, endsAtMs };
}

export function auditTuple({ revision, logTimeMs, lock, session, now, reason, taken }: AuditEntry): AuditTuple {
  return [revision, logTimeMs, lock, session, now, reason, taken];
}

export function auditOf([revision, logTimeMs, lock, session, now, reason, taken]: AuditTuple): AuditEntry {
  return { revision, logTimeMs, lock, session, now, reason, taken };
}

const answerTuples = cbor(
  checkKinds({
    1: checkTuple(checkOneOf(1), checkLock),
    2: checkTuple(checkOneOf(2), checkList(checkLock, LIST_MAX), checkBoolean),
    3: checkTuple(checkOneOf(3), checkBoolean),
    4: checkTuple(checkOneOf(4), checkStatus),
    5: checkTuple(checkOneOf(5), checkLeader),
    6: checkTuple(checkOneOf(6), checkList(checkAudit, AUDIT_MAX)),
  }),
);

/** Answers as bytes. */
export const answerCodec: Codec<LockAnswer> = {
  encode(answer) {
    switch (answer.kind) {
      case "describe":
        return answerTuples.encode([1, lockTuple(answer.lock)]);
      case "list":
        return answerTuples.encode([2, answer.locks.map(lockTuple), answer.more]);
      case "validate":
        return answerTuples.encode([3, answer.held]);
      case "claim":
        return answerTuples.encode([4, statusTuple(answer.status)]);
      case "leader":
        return answerTuples.encode([5, leaderTuple(answer.leader)]);
      case "audit":
        return answerTuples.encode([6, answer.entries.map(auditTuple)]);
    }
  },
  decode(bytes) {
    const tuple = answerTuples.decode(bytes);
    switch (tuple[0]) {
      case 1:
        return { kind: "describe", lock: lockOf(tuple[1]) };
      case 2:
        return { kind: "list", locks: tuple[1].map(lockOf), more: tuple[2] };
      case 3:
        return { kind: "validate", held: tuple[1] };
      case 4:
        return { kind: "claim", status: statusOf(tuple[1]) };
      case 5:
        return { kind: "leader", leader: leaderFrom(tuple[1]) };
      case 6:
        return { kind: "audit", entries: tuple[1].map(auditOf) };
    }
  },
};

const watchTuples = cbor(
  checkKinds({
    1: checkTuple(checkOneOf(1), checkId, checkId),
    2: checkTuple(checkOneOf(2), checkLockName),
  }),
);

/** Watch requests as bytes. */
export const watchCodec: Codec<LockWatch> = {
  encode: (watch) =>
    watch.kind === "claim" ? watchTuples.encode([1, watch.session, watch.claim]) : watchTuples.encode([2, watch.lock]),
  decode(bytes) {
    const tuple = watchTuples.decode(bytes);
    return tuple[0] === 1 ? { kind: "claim", session: tuple[1], claim: tuple[2] } : { kind: "leader", lock: tuple[1] };
  },
};

const eventTuples = cbor(
  checkKinds({ 1: checkTuple(checkOneOf(1), checkStatus), 2: checkTuple(checkOneOf(2), checkLeader) }),
);

/** Events as bytes. */
export const eventCodec: Codec<LockEvent> = {
  encode: (event) =>
    event.kind === "claim"
      ? eventTuples.encode([1, statusTuple(event.status)])
      : eventTuples.encode([2, leaderTuple(event.leader)]),
  decode(bytes) {
    const tuple = eventTuples.decode(bytes);
    return tuple[0] === 1
      ? { kind: "claim", status: statusOf(tuple[1]) }
      : { kind: "leader", leader: leaderFrom(tuple[1]) };
  },
};
