import {
  cbor,
  checkBytes,
  checkInt,
  checkKinds,
  checkOneOf,
  checkTuple,
  type Image,
  QuorateError,
  recordImage,
  recordRestore,
  type Restore,
} from "@quorate/machine";

import type { Claim, ClaimState } from "./claim.ts";
import { checkCount, checkId, checkLogTime, wantsOf, wantTuples } from "./command.ts";
import { VALUE_BYTES_MAX } from "./limits.ts";
import { type AuditEntry, auditOf, auditTuple, checkAudit } from "./query.ts";

const STATES: readonly ClaimState[] = ["queued", "held", "revoked", "lost"];

/** Kinds of records: first how many follow, then the claims by sequence, then the audit entries by age. */
const records = cbor(
  checkKinds({
    1: checkTuple(checkOneOf(1), checkCount, checkCount),
    2: checkTuple(
      checkOneOf(2),
      checkId,
      checkId,
      checkId,
      (value) => wantTuples(wantsOf(value)),
      checkInt(0, STATES.length - 1),
      checkCount,
      checkLogTime,
      checkLogTime,
      checkBytes(VALUE_BYTES_MAX),
      checkCount,
      checkLogTime,
      checkLogTime,
      checkLogTime,
    ),
    3: checkTuple(checkOneOf(3), checkAudit),
  }),
);

/** What an image holds. Locks, queues and who owns what follow from it. */
export interface LockState {
  /** By sequence, ascending. */
  readonly claims: readonly Claim[];
  /** The oldest first. */
  readonly audit: readonly AuditEntry[];
}

/** An image of lists that never change again: claims are never changed, so a copy of the lists is all that has to be frozen. */
export function lockImage(state: LockState): Image {
  return recordImage(encodeRecords(state));
}

function* encodeRecords({ claims, audit }: LockState): Generator<Uint8Array> {
  yield records.encode([1, claims.length, audit.length]);
  for (const claim of claims) yield records.encode(claimTuple(claim));
  for (const entry of audit) yield records.encode([3, auditTuple(entry)]);
}

type ClaimTuple = Extract<ReturnType<typeof records.decode>, { 0: 2 }>;

function claimTuple(claim: Claim): ClaimTuple {
  return [
    2,
    claim.sequence,
    claim.session,
    claim.id,
    wantTuples(claim.wants),
    STATES.indexOf(claim.state),
    claim.token,
    claim.delayMs,
    claim.beliefMs,
    claim.value,
    claim.valueRevision,
    claim.queuedAtMs,
    claim.grantedAtMs,
    claim.endsAtMs,
  ];
}

function claimOf(tuple: ClaimTuple): Claim {
  const [
    ,
    sequence,
    session,
    id,
    wants,
    state,
    token,
    delayMs,
    beliefMs,
    value,
    valueRevision,
    queuedAtMs,
    grantedAtMs,
    endsAtMs,
  ] = tuple;
  return {
    sequence,
    session,
    id,
    wants: wantsOf(wants),
    state: STATES[state]!,
    token,
    delayMs,
    beliefMs,
    value,
    valueRevision,
    queuedAtMs,
    grantedAtMs,
    endsAtMs,
  };
}

/** Reads what `lockImage` wrote, and gives it to `make`. Throws QuorateError `LOG_CORRUPT` for anything else. */
export function lockRestore<M>(make: (state: LockState) => M): Restore<M> {
  let counts: readonly [claims: number, audit: number] | null = null;
  const claims: Claim[] = [];
  const audit: AuditEntry[] = [];
  return recordRestore(
    (bytes) => {
      const tuple = records.decode(bytes);
      if (tuple[0] === 1) counts = [tuple[1], tuple[2]];
      else if (tuple[0] === 2) claims.push(claimOf(tuple));
      else audit.push(auditOf(tuple[1]));
    },
    () => {
      if (counts === null || counts[0] !== claims.length || counts[1] !== audit.length) {
        throw new QuorateError(
          "LOG_CORRUPT",
          "not-applied",
          `Restoring the locks: ${claims.length} claims and ${audit.length} audit entries came, but not all, or not as many as the image says. Fetch it again.`,
        );
      }
      return make({ claims, audit });
    },
  );
}
