import { cbor } from "../cbor.ts";
import { checkBytes, checkInt, checkKinds, checkNumber, checkOneOf, checkTuple } from "../check.ts";
import type { Codec } from "../codec.ts";
import type { Settlement } from "../composite.ts";

/** The reserved name under which the commands of sessions go into a batch. No machine may have it. */
export const SESSION_MACHINE = "session";

/** Kinds of commands, and their tuples. */
const OPEN = 1;
const RENEW = 2;
const CLOSE = 3;
const SETTLE = 4;

/** Kinds of answers to a settle. */
const NOT_APPLIED = 0;
const APPLIED = 1;
const FORGOTTEN = 2;

const NUMBER_MAX = Number.MAX_SAFE_INTEGER;

/** What a client asks of the session table. Releasing needs no command: `releasedTo` rides on every request. */
export type SessionCommand =
  | { readonly kind: "open"; readonly ttlMs: number }
  | { readonly kind: "renew" }
  | { readonly kind: "close" }
  | { readonly kind: "settle"; readonly number: number };

/** The answer to an open. */
export interface Opened {
  /** Its id: the revision of the step that opened it. */
  readonly session: number;
  /** What the log grants: what was asked for, brought into the bounds of `SessionLimits`. */
  readonly ttlMs: number;
}

/** The answer to a renew. */
export interface Renewed {
  readonly ttlMs: number;
  /** The log may expire the session once its time has reached this. */
  readonly expiresAtLogTimeMs: number;
}

/** The answer to a settle. `forgotten`: its owner had released the number. */
export type SettleResult =
  | { readonly outcome: "applied"; readonly settlement: Settlement }
  | { readonly outcome: "not-applied" }
  | { readonly outcome: "forgotten" };

type CommandTuple = readonly [1, number] | readonly [2] | readonly [3] | readonly [4, number];

const commandTuples: Codec<CommandTuple> = cbor(
  checkKinds({
    [OPEN]: checkTuple(checkOneOf(OPEN), checkNumber(0, NUMBER_MAX)),
    [RENEW]: checkTuple(checkOneOf(RENEW)),
    [CLOSE]: checkTuple(checkOneOf(CLOSE)),
    [SETTLE]: checkTuple(checkOneOf(SETTLE), checkInt(1, NUMBER_MAX)),
  }),
);

const opened: Codec<readonly [number, number]> = cbor(checkTuple(checkInt(1, NUMBER_MAX), checkNumber(0, NUMBER_MAX)));
const renewed: Codec<readonly [number, number]> = cbor(
  checkTuple(checkNumber(0, NUMBER_MAX), checkNumber(0, NUMBER_MAX)),
);
const closed: Codec<readonly []> = cbor(checkTuple());
const settled: Codec<readonly [0] | readonly [1, "" | "MACHINE_FAULT", Uint8Array, number, number] | readonly [2]> =
  cbor(
    checkKinds({
      [NOT_APPLIED]: checkTuple(checkOneOf(NOT_APPLIED)),
      [APPLIED]: checkTuple(
        checkOneOf(APPLIED),
        checkOneOf("", "MACHINE_FAULT"),
        checkBytes(NUMBER_MAX),
        checkInt(1, NUMBER_MAX),
        checkNumber(0, NUMBER_MAX),
      ),
      [FORGOTTEN]: checkTuple(checkOneOf(FORGOTTEN)),
    }),
  );

const renewCommand = commandTuples.encode([RENEW]);
const closeCommand = commandTuples.encode([CLOSE]);

/** The commands of sessions as bytes, for the machine named `SESSION_MACHINE`. */
export const sessionCommands: {
  /** Sent as request `{ session: 0, number: a random number below 2^48 }`: a copy of it opens nothing more. */
  encodeOpen(options: { readonly ttlMs: number }): Uint8Array;
  /** Counts from the log time of the batch that holds it. */
  encodeRenew(): Uint8Array;
  /** Ends the session at once, as expiry would. */
  encodeClose(): Uint8Array;
  /** Asks what became of the request `number` of the same session; if nothing, it is burnt (rule 23). */
  encodeSettle(number: number): Uint8Array;
  /** Throws `TypeError`. */
  decode(bytes: Uint8Array): SessionCommand;
} = {
  encodeOpen: ({ ttlMs }) => commandTuples.encode([OPEN, ttlMs]),
  encodeRenew: () => renewCommand.slice(),
  encodeClose: () => closeCommand.slice(),
  encodeSettle: (number) => commandTuples.encode([SETTLE, number]),
  decode(bytes) {
    const tuple = commandTuples.decode(bytes);
    switch (tuple[0]) {
      case OPEN:
        return { kind: "open", ttlMs: tuple[1] };
      case RENEW:
        return { kind: "renew" };
      case CLOSE:
        return { kind: "close" };
      case SETTLE:
        return { kind: "settle", number: tuple[1] };
    }
  },
};

/** The results of session commands. The decoders throw `TypeError` for anything else. */
export const sessionResults: {
  encodeOpened(result: Opened): Uint8Array;
  decodeOpened(bytes: Uint8Array): Opened;
  encodeRenewed(result: Renewed): Uint8Array;
  decodeRenewed(bytes: Uint8Array): Renewed;
  encodeClosed(): Uint8Array;
  decodeClosed(bytes: Uint8Array): void;
  encodeSettled(result: SettleResult): Uint8Array;
  decodeSettled(bytes: Uint8Array): SettleResult;
} = {
  encodeOpened: ({ session, ttlMs }) => opened.encode([session, ttlMs]),
  decodeOpened(bytes) {
    const [session, ttlMs] = opened.decode(bytes);
    return { session, ttlMs };
  },
  encodeRenewed: ({ ttlMs, expiresAtLogTimeMs }) => renewed.encode([ttlMs, expiresAtLogTimeMs]),
  decodeRenewed(bytes) {
    const [ttlMs, expiresAtLogTimeMs] = renewed.decode(bytes);
    return { ttlMs, expiresAtLogTimeMs };
  },
  encodeClosed: () => closed.encode([]),
  decodeClosed(bytes) {
    closed.decode(bytes);
  },
  encodeSettled(result) {
    switch (result.outcome) {
      case "applied": {
        const { error, bytes, revision, logTimeMs } = result.settlement;
        return settled.encode([APPLIED, error === "" ? "" : "MACHINE_FAULT", bytes, revision, logTimeMs]);
      }
      case "not-applied":
        return settled.encode([NOT_APPLIED]);
      case "forgotten":
        return settled.encode([FORGOTTEN]);
    }
  },
  decodeSettled(bytes) {
    const tuple = settled.decode(bytes);
    switch (tuple[0]) {
      case APPLIED: {
        const [, error, result, revision, logTimeMs] = tuple;
        return { outcome: "applied", settlement: { error, bytes: result, revision, logTimeMs } };
      }
      case NOT_APPLIED:
        return { outcome: "not-applied" };
      case FORGOTTEN:
        return { outcome: "forgotten" };
    }
  },
};
