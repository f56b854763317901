import {
  type Caller,
  type CallOptions,
  type Clock,
  DRIFT_DEFAULT,
  QuorateError,
  type ReadOptions,
  type SessionLease,
} from "@quorate/machine";

import type { Want } from "../machine/claim.ts";
import { commandCodec, type ForcedClaim, resultCodec } from "../machine/command.ts";
import {
  DELAY_MS_MAX,
  LIST_MAX,
  LOCK_NAME_LENGTH_MAX,
  PERMITS_MAX,
  REASON_LENGTH_MAX,
  VALUE_BYTES_MAX,
  WANTS_MAX,
} from "../machine/limits.ts";
import { LOCK_MACHINE } from "../machine/machine.ts";
import {
  answerCodec,
  type AuditEntry,
  type DescribedLock,
  type LockAnswer,
  type LockQuery,
  queryCodec,
} from "../machine/query.ts";
import { acquireClaim } from "./acquire.ts";
import { lostError, strangeAnswer } from "./errors.ts";
import type { HeldLock } from "./held-lock.ts";
import { Keeper } from "./keeper.ts";

/** How long a lock stays closed after an unclean loss, unless asked otherwise, in milliseconds of log time. */
export const DELAY_MS_DEFAULT = 1000;
const TIMEOUT_MS_DEFAULT = 10_000;

/** How a lock is acquired. */
export interface AcquireOptions extends CallOptions {
  /** Together with other shared holders; default false: alone. */
  readonly shared?: boolean;
  /** Some permits of a counting semaphore, instead of the whole lock. */
  readonly permits?: { readonly take: number; readonly of: number };
  /**
   * For how long nobody gets the lock after this holder lost it uncleanly (its session expired, or it was forced and did not give up), so that what it
   * sent can arrive first. 0 … 60,000 ms of log time; default 1,000. A release has no delay.
   */
  readonly delayMs?: number;
  /** What an election shows to its observers; at most 4,096 bytes, default none. */
  readonly value?: Uint8Array;
  /** Told when only lock delays stand in the way, with the milliseconds left. */
  readonly onDelayed?: (remainingMs: number) => void;
}

/** One lock and how old its claims are. */
export interface LockListing extends DescribedLock {
  /** Log time of the listing: the ages are the differences to it. */
  readonly logTimeMs: number;
}

/** How a lock is taken from its holders. */
export interface ForceOptions extends CallOptions {
  /** Only from the holder with this token; default 0: from all. */
  readonly token?: number;
  /** Without waiting until the holder has given up or cannot believe any more: for a while *two may believe* that they hold it. */
  readonly now?: boolean;
  /** Goes into the audit list. */
  readonly reason: string;
}

/** The lock service as a typed client. Every method throws QuorateError. Names are texts of 1 … 256 characters. */
export interface LockClient {
  /**
   * Waits in line, first come, first served, and resolves once the lock is held. Several names are granted all at once or not at all, so claims never
   * deadlock among each other; what you hold already while you ask for more may deadlock as ever.
   *
   * Not re-entrant: a second acquisition by the same session waits like any other. `timeoutMs` covers the waiting (default 10,000; 0: no limit).
   */
  acquire(names: string | readonly string[], options?: AcquireOptions): Promise<HeldLock>;
  /** Now or not at all: null if others hold it, wait for it, or a lock delay runs. */
  tryAcquire(names: string | readonly string[], options?: AcquireOptions): Promise<HeldLock | null>;
  /** Runs `work` under the lock and releases it. Throws `LOCK_LOST` if it was not held to the end, whatever `work` returned. */
  withLock<T>(
    names: string | readonly string[],
    work: (held: HeldLock) => T | Promise<T>,
    options?: AcquireOptions,
  ): Promise<T>;
  /** Holders and waiters of one lock. */
  describe(name: string, options?: ReadOptions): Promise<LockListing>;
  /** Locks that are not free, by name; one page, at most 100 (the default). Go on with the last name as `after` while there is `more`. */
  list(
    options?: ReadOptions & { readonly prefix?: string; readonly after?: string; readonly limit?: number },
  ): Promise<{ readonly locks: readonly LockListing[]; readonly more: boolean }>;
  /** Whether the lock is held under this token, for third parties. True only as of the answer: a `Fence` closes the gap. */
  validate(name: string, token: number, options?: ReadOptions): Promise<boolean>;
  /** Marks the lock revoked. It is given on when its holder releases it, or its belief must have ended; `now` skips the wait. */
  forceRelease(name: string, options: ForceOptions): Promise<readonly ForcedClaim[]>;
  /** The last forced releases, the oldest first; at most 256. */
  audit(options?: ReadOptions): Promise<readonly AuditEntry[]>;
}

/** All lock clients of a caller share a session, so they number their claims together. */
const claimNumbers = new WeakMap<Caller, number>();

/**
 * A lock client. Locks are held by the caller's session: they live as long as it does, and are confirmed along with it.
 *
 * @param drift - the bound on the drift of clocks, as the caller has it.
 */
export function lock(caller: Caller, clock: Clock, drift: number = DRIFT_DEFAULT): LockClient {
  return new CallerLocks(caller, clock, drift);
}

class CallerLocks implements LockClient {
  private readonly caller: Caller;
  private readonly clock: Clock;
  private readonly drift: number;
  private readonly keepers = new WeakMap<SessionLease, Keeper>();

  constructor(caller: Caller, clock: Clock, drift: number) {
    this.caller = caller;
    this.clock = clock;
    this.drift = drift;
  }

  async acquire(names: string | readonly string[], options: AcquireOptions = {}): Promise<HeldLock> {
    const held = await this.start(names, options, true);
    if (held === null) throw strangeAnswer("acquire", "busy");
    return held;
  }

  async tryAcquire(names: string | readonly string[], options: AcquireOptions = {}): Promise<HeldLock | null> {
    return this.start(names, options, false);
  }

  async withLock<T>(
    names: string | readonly string[],
    work: (held: HeldLock) => T | Promise<T>,
    options: AcquireOptions = {},
  ): Promise<T> {
    const held = await this.acquire(names, options);
    let result: T;
    try {
      result = await work(held);
    } catch (error) {
      // The error of the work is the one that matters; a release that failed goes on in the background.
      await held.release().catch(() => undefined);
      throw error;
    }
    if (held.state === "lost")
      throw lostError(held.names.join(", "), held.token, "it was lost while the work went on", held.signal.reason);
    // The belief has ended, and the release goes on in the background: the work was done under the lock all the same.
    await held.release().catch(() => undefined);
    return result;
  }

  async describe(name: string, options: ReadOptions = {}): Promise<LockListing> {
    const { answer, logTimeMs } = await this.ask("describe", { kind: "describe", lock: checkedName(name) }, options);
    return { ...answer.lock, logTimeMs };
  }

  async list(
    options: ReadOptions & { readonly prefix?: string; readonly after?: string; readonly limit?: number } = {},
  ): Promise<{ readonly locks: readonly LockListing[]; readonly more: boolean }> {
    const { prefix = "", after = "", limit = LIST_MAX } = options;
    checkOption(
      Number.isInteger(limit) && limit >= 1 && limit <= LIST_MAX,
      `limit ${limit} is not from 1 to ${LIST_MAX}`,
    );
    const { answer, logTimeMs } = await this.ask("list", { kind: "list", prefix, after, limit }, options);
    return { locks: answer.locks.map((one) => ({ ...one, logTimeMs })), more: answer.more };
  }

  async validate(name: string, token: number, options: ReadOptions = {}): Promise<boolean> {
    if (!Number.isSafeInteger(token) || token < 1) return false;
    const { answer } = await this.ask("validate", { kind: "validate", lock: checkedName(name), token }, options);
    return answer.held;
  }

  async forceRelease(name: string, options: ForceOptions): Promise<readonly ForcedClaim[]> {
    const { token = 0, now = false, reason } = options;
    checkOption(Number.isSafeInteger(token) && token >= 0, `token ${token} is not an integer of 0 or more`);
    checkOption(
      reason.length <= REASON_LENGTH_MAX,
      `a reason of ${reason.length} characters, ${REASON_LENGTH_MAX} are allowed`,
    );
    const command = commandCodec.encode({ kind: "force", lock: checkedName(name), token, now, reason });
    const reply = await this.caller.call(LOCK_MACHINE, command, options);
    const result = resultCodec.decode(reply.bytes);
    if (result.kind !== "forced") throw strangeAnswer("force", result.kind);
    return result.claims;
  }

  async audit(options: ReadOptions = {}): Promise<readonly AuditEntry[]> {
    return (await this.ask("audit", { kind: "audit" }, options)).answer.entries;
  }

  private start(names: string | readonly string[], options: AcquireOptions, wait: boolean): Promise<HeldLock | null> {
    const { caller, clock, drift } = this;
    const { delayMs = DELAY_MS_DEFAULT, value = new Uint8Array(0), timeoutMs = TIMEOUT_MS_DEFAULT, signal } = options;
    checkOption(
      delayMs >= 0 && delayMs <= DELAY_MS_MAX,
      `a lock delay of ${delayMs} ms is not from 0 to ${DELAY_MS_MAX}`,
    );
    checkOption(timeoutMs >= 0, `a timeout of ${timeoutMs} ms`);
    checkOption(value.length <= VALUE_BYTES_MAX, `a value of ${value.length} bytes, ${VALUE_BYTES_MAX} are allowed`);
    const wants = wantsFrom(typeof names === "string" ? [names] : names, options);
    const claim = (claimNumbers.get(caller) ?? 0) + 1;
    claimNumbers.set(caller, claim);
    return acquireClaim({
      caller,
      clock,
      keeperOf: (lease) => this.keeperOf(lease),
      claim,
      wants,
      wait,
      delayMs,
      value,
      timeoutMs,
      signal,
      onDelayed: options.onDelayed ?? (() => {}),
      drift,
    });
  }

  private keeperOf(lease: SessionLease): Keeper {
    let keeper = this.keepers.get(lease);
    if (keeper === undefined) this.keepers.set(lease, (keeper = new Keeper(this.caller, this.clock, lease)));
    return keeper;
  }

  private async ask<K extends LockQuery["kind"]>(
    kind: K,
    query: LockQuery,
    options: ReadOptions,
  ): Promise<{ readonly answer: Extract<LockAnswer, { kind: K }>; readonly logTimeMs: number }> {
    const reply = await this.caller.read(LOCK_MACHINE, queryCodec.encode(query), options);
    const answer = answerCodec.decode(reply.bytes);
    if (answer.kind !== kind) throw strangeAnswer(kind, answer.kind);
    return { answer: answer as Extract<LockAnswer, { kind: K }>, logTimeMs: reply.logTimeMs };
  }
}

function wantsFrom(names: readonly string[], { shared = false, permits }: AcquireOptions): readonly Want[] {
  checkOption(
    names.length >= 1 && names.length <= WANTS_MAX,
    `${names.length} locks at once, 1 to ${WANTS_MAX} are allowed`,
  );
  checkOption(new Set(names).size === names.length, "one lock is named twice");
  checkOption(!(shared && permits !== undefined), "a lock is shared or has permits, not both");
  const { take = 0, of = 0 } = permits ?? {};
  if (permits !== undefined) {
    const right = Number.isInteger(take) && Number.isInteger(of) && take >= 1 && take <= of && of <= PERMITS_MAX;
    checkOption(right, `${take} of ${of} permits; at least 1, and of at most ${PERMITS_MAX}`);
  }
  const mode = permits !== undefined ? "permits" : shared ? "shared" : "exclusive";
  return [...names].sort(byUnits).map((name) => ({ lock: checkedName(name), mode, permits: take, permitsMax: of }));
}

/** As the machine compares: by UTF-16 units. */
function byUnits(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** @throws QuorateError `BAD_OPTION`. */
export function checkedName(name: string): string {
  checkOption(
    name.length >= 1 && name.length <= LOCK_NAME_LENGTH_MAX,
    `the name of a lock has ${name.length} characters, 1 to ${LOCK_NAME_LENGTH_MAX} are allowed`,
  );
  return name;
}

function checkOption(right: boolean, words: string): void {
  if (!right) throw new QuorateError("BAD_OPTION", "not-applied", `The lock client refused an option: ${words}.`);
}
