import {
  cbor,
  checkBoolean,
  checkBytes,
  checkInt,
  checkKinds,
  checkList,
  checkNumber,
  checkOneOf,
  checkText,
  checkTuple,
  type Check,
  type Codec,
} from "@quorate/machine";

import type { LockMode, Want } from "./claim.ts";
import {
  BELIEF_MS_MAX,
  CONFIRM_MAX,
  DELAY_MS_MAX,
  FORCED_MAX,
  LOCK_NAME_LENGTH_MAX,
  PERMITS_MAX,
  REASON_LENGTH_MAX,
  VALUE_BYTES_MAX,
  WANTS_MAX,
} from "./limits.ts";
import { checkStatus, type ClaimStatus, statusOf, statusTuple } from "./status.ts";

/** What a session asks of its locks. `claim`: a number that it chose, and uses for one claim only. */
export type LockCommand =
  /**
   * Queues a claim, or, with `wait` false, takes all of it at once or leaves it. Once more for a claim that is there: tells how it stands.
   */
  | {
      readonly kind: "acquire";
      readonly claim: number;
      /** Sorted by lock, each lock once. */
      readonly wants: readonly Want[];
      readonly wait: boolean;
      /** How long the locks stay closed after an unclean loss, in milliseconds of log time. */
      readonly delayMs: number;
      /** How long the client may believe in one confirmation, before drift is taken off: the time to live of its session. */
      readonly beliefMs: number;
      readonly value: Uint8Array;
    }
  /** Takes a waiting claim back, and releases it if it was granted meanwhile. */
  | { readonly kind: "cancel"; readonly claim: number }
  /** Gives up what is held; nothing, unless this session holds it under this token. */
  | { readonly kind: "release"; readonly claim: number; readonly token: number }
  /** Tells how claims stand. What is told here may be believed from the moment when the request left. */
  | { readonly kind: "confirm"; readonly claims: readonly number[] }
  /** Takes a lock from its holders, or from the one with this token (0: from all). `now`: without waiting for the end of their belief. */
  | {
      readonly kind: "force";
      readonly lock: string;
      readonly token: number;
      readonly now: boolean;
      readonly reason: string;
    }
  /** A holder changes what it tells the world. */
  | { readonly kind: "proclaim"; readonly claim: number; readonly token: number; readonly value: Uint8Array };

/**
 * Why nothing was queued. `no-session`: only a session can hold. `claim-in-use`: the number names another claim. `permits-differ`: the semaphore
 * has another size. The others: the limit of that name is reached.
 */
export type LockRefusal =
  "no-session" | "claim-in-use" | "permits-differ" | "locks-max" | "waiters-max" | "claims-per-session-max";

/** A holder from which a lock was taken. */
export interface ForcedClaim {
  readonly session: number;
  readonly claim: number;
  readonly token: number;
  /** Log time at which its belief must be over; 0: it was taken at once. */
  readonly endsAtMs: number;
}

/** The results, one per kind of command; `busy` and `refused` answer `acquire`. */
export type LockResult =
  | { readonly kind: "claim"; readonly session: number; readonly status: ClaimStatus }
  /** `delayedUntilMs`: log time at which only lock delays stand in the way no more; 0: others hold or wait. */
  | { readonly kind: "busy"; readonly delayedUntilMs: number }
  | { readonly kind: "refused"; readonly reason: LockRefusal }
  | { readonly kind: "cancelled"; readonly was: "queued" | "held" | "none" }
  | { readonly kind: "released"; readonly released: boolean }
  | { readonly kind: "confirmed"; readonly session: number; readonly statuses: readonly ClaimStatus[] }
  | { readonly kind: "forced"; readonly claims: readonly ForcedClaim[] }
  | { readonly kind: "proclaimed"; readonly proclaimed: boolean };

const NUMBER_MAX = Number.MAX_SAFE_INTEGER;
const MODES: readonly LockMode[] = ["exclusive", "shared", "permits"];
const REFUSALS: readonly LockRefusal[] = [
  "no-session",
  "claim-in-use",
  "permits-differ",
  "locks-max",
  "waiters-max",
  "claims-per-session-max",
];
const CANCELLED = ["queued", "held", "none"] as const;

export const checkId: Check<number> = checkInt(1, NUMBER_MAX);
export const checkCount: Check<number> = checkInt(0, NUMBER_MAX);
export const checkLogTime: Check<number> = checkNumber(0, Number.MAX_VALUE);
export const checkLockName: Check<string> = (value) => {
  const name = checkText(LOCK_NAME_LENGTH_MAX)(value);
  if (name === "") throw new TypeError("expected the name of a lock, got an empty text");
  return name;
};
const checkDuration = (max: number): Check<number> => checkNumber(0, max);

const checkWant: Check<readonly [string, number, number, number]> = (value) => {
  const want = checkTuple(
    checkLockName,
    checkInt(0, MODES.length - 1),
    checkInt(0, PERMITS_MAX),
    checkInt(0, PERMITS_MAX),
  )(value);
  const [, mode, permits, permitsMax] = want;
  const right = MODES[mode] === "permits" ? permits >= 1 && permits <= permitsMax : permits === 0 && permitsMax === 0;
  if (!right) throw new TypeError(`${permits} of ${permitsMax} permits do not go with the mode ${MODES[mode]}`);
  return want;
};

const checkWants: Check<readonly (readonly [string, number, number, number])[]> = (value) => {
  const wants = checkList(checkWant, WANTS_MAX)(value);
  if (wants.length === 0) throw new TypeError("a claim for no lock");
  for (let index = 1; index < wants.length; index++) {
    if (!(wants[index - 1]![0] < wants[index]![0]))
      throw new TypeError("the locks of a claim are not sorted, or one stands there twice");
  }
  return wants;
};

const commandTuples = cbor(
  checkKinds({
    1: checkTuple(
      checkOneOf(1),
      checkId,
      checkWants,
      checkBoolean,
      checkDuration(DELAY_MS_MAX),
      checkDuration(BELIEF_MS_MAX),
      checkBytes(VALUE_BYTES_MAX),
    ),
    2: checkTuple(checkOneOf(2), checkId),
    3: checkTuple(checkOneOf(3), checkId, checkId),
    4: checkTuple(checkOneOf(4), checkList(checkId, CONFIRM_MAX)),
    5: checkTuple(checkOneOf(5), checkLockName, checkCount, checkBoolean, checkText(REASON_LENGTH_MAX)),
    6: checkTuple(checkOneOf(6), checkId, checkId, checkBytes(VALUE_BYTES_MAX)),
  }),
);

/** Wants as they stand in commands and images. */
export function wantTuples(wants: readonly Want[]): readonly (readonly [string, number, number, number])[] {
  return wants.map((want) => [want.lock, MODES.indexOf(want.mode), want.permits, want.permitsMax]);
}

/** Throws `TypeError` for what no `wantTuples` made. */
export function wantsOf(value: unknown): readonly Want[] {
  return checkWants(value).map(([lock, mode, permits, permitsMax]) => ({
    lock,
    mode: MODES[mode]!,
    permits,
    permitsMax,
  }));
}

/** Commands as bytes. Decoding throws `TypeError` for anything beyond the limits. */
export const commandCodec: Codec<LockCommand> = {
  encode(command) {
    switch (command.kind) {
      case "acquire": {
        const { claim, wants, wait, delayMs, beliefMs, value } = command;
        return commandTuples.encode([1, claim, wantTuples(wants), wait, delayMs, beliefMs, value]);
      }
      case "cancel":
        return commandTuples.encode([2, command.claim]);
      case "release":
        return commandTuples.encode([3, command.claim, command.token]);
      case "confirm":
        return commandTuples.encode([4, command.claims]);
      case "force":
        return commandTuples.encode([5, command.lock, command.token, command.now, command.reason]);
      case "proclaim":
        return commandTuples.encode([6, command.claim, command.token, command.value]);
    }
  },
  decode(bytes) {
    const tuple = commandTuples.decode(bytes);
    switch (tuple[0]) {
      case 1: {
        const [, claim, wants, wait, delayMs, beliefMs, value] = tuple;
        return { kind: "acquire", claim, wants: wantsOf(wants), wait, delayMs, beliefMs, value };
      }
      case 2:
        return { kind: "cancel", claim: tuple[1] };
      case 3:
        return { kind: "release", claim: tuple[1], token: tuple[2] };
      case 4:
        return { kind: "confirm", claims: tuple[1] };
      case 5:
        return { kind: "force", lock: tuple[1], token: tuple[2], now: tuple[3], reason: tuple[4] };
      case 6:
        return { kind: "proclaim", claim: tuple[1], token: tuple[2], value: tuple[3] };
    }
  },
};

const resultTuples = cbor(
  checkKinds({
    1: checkTuple(checkOneOf(1), checkCount, checkStatus),
    2: checkTuple(checkOneOf(2), checkLogTime),
    3: checkTuple(checkOneOf(3), checkInt(0, REFUSALS.length - 1)),
    4: checkTuple(checkOneOf(4), checkInt(0, CANCELLED.length - 1)),
    5: checkTuple(checkOneOf(5), checkBoolean),
    6: checkTuple(checkOneOf(6), checkCount, checkList(checkStatus, CONFIRM_MAX)),
    7: checkTuple(checkOneOf(7), checkList(checkTuple(checkId, checkId, checkId, checkLogTime), FORCED_MAX)),
    8: checkTuple(checkOneOf(8), checkBoolean),
  }),
);

/** Results as bytes. */
export const resultCodec: Codec<LockResult> = {
  encode(result) {
    switch (result.kind) {
      case "claim":
        return resultTuples.encode([1, result.session, statusTuple(result.status)]);
      case "busy":
        return resultTuples.encode([2, result.delayedUntilMs]);
      case "refused":
        return resultTuples.encode([3, REFUSALS.indexOf(result.reason)]);
      case "cancelled":
        return resultTuples.encode([4, CANCELLED.indexOf(result.was)]);
      case "released":
        return resultTuples.encode([5, result.released]);
      case "confirmed":
        return resultTuples.encode([6, result.session, result.statuses.map(statusTuple)]);
      case "forced":
        return resultTuples.encode([
          7,
          result.claims.map(({ session, claim, token, endsAtMs }) => [session, claim, token, endsAtMs] as const),
        ]);
      case "proclaimed":
        return resultTuples.encode([8, result.proclaimed]);
    }
  },
  decode(bytes) {
    const tuple = resultTuples.decode(bytes);
    switch (tuple[0]) {
      case 1:
        return { kind: "claim", session: tuple[1], status: statusOf(tuple[2]) };
      case 2:
        return { kind: "busy", delayedUntilMs: tuple[1] };
      case 3:
        return { kind: "refused", reason: REFUSALS[tuple[1]]! };
      case 4:
        return { kind: "cancelled", was: CANCELLED[tuple[1]]! };
      case 5:
        return { kind: "released", released: tuple[1] };
      case 6:
        return { kind: "confirmed", session: tuple[1], statuses: tuple[2].map(statusOf) };
      case 7:
        return {
          kind: "forced",
          claims: tuple[1].map(([session, claim, token, endsAtMs]) => ({ session, claim, token, endsAtMs })),
        };
      case 8:
        return { kind: "proclaimed", proclaimed: tuple[1] };
    }
  },
};
