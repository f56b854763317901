import { type Caller, type Clock, leaseEndMs, QuorateError, type SessionLease } from "@quorate/machine";

import type { Want } from "../machine/claim.ts";
import { commandCodec, type LockResult, resultCodec } from "../machine/command.ts";
import { LOCK_MACHINE } from "../machine/machine.ts";
import { eventCodec, watchCodec } from "../machine/query.ts";
import type { ClaimStatus } from "../machine/status.ts";
import { lostError, refusedError, strangeAnswer } from "./errors.ts";
import { HeldLock } from "./held-lock.ts";
import type { Departure, Keeper } from "./keeper.ts";

/** Sessions that one acquisition tries, if each ends just as it begins. */
const SESSIONS_MAX = 3;

/** What `acquireClaim` needs to know. */
export interface Acquisition {
  readonly caller: Caller;
  readonly clock: Clock;
  readonly keeperOf: (lease: SessionLease) => Keeper;
  readonly claim: number;
  /** Sorted. */
  readonly wants: readonly Want[];
  readonly wait: boolean;
  readonly delayMs: number;
  readonly value: Uint8Array;
  readonly timeoutMs: number;
  readonly signal: AbortSignal | undefined;
  readonly onDelayed: (remainingMs: number) => void;
  readonly drift: number;
}

/** One acquisition from the first request to the grant; null if `wait` is false and others hold or wait. */
export async function acquireClaim(acquisition: Acquisition): Promise<HeldLock | null> {
  const limit = new Limit(acquisition);
  try {
    // The session may change between asking for it and acquiring in it: then the claim stands in the next one.
    for (let tries = 0; tries < SESSIONS_MAX; tries++) {
      const lease = await acquisition.caller.session({ timeoutMs: 0, signal: limit.signal });
      const keeper = acquisition.keeperOf(lease);
      const departure = keeper.departure();
      const result = await sendAcquire(acquisition, keeper, limit.signal);
      if (result.kind === "busy") return null;
      if (result.kind === "refused") throw refusedError(result.reason, namesOf(acquisition));
      if (result.kind !== "claim") throw strangeAnswer("acquire", result.kind);
      if (result.session === lease.id) return await take(acquisition, keeper, result.status, departure, limit.signal);
    }
    throw sessionEnded(namesOf(acquisition));
  } catch (error) {
    throw limit.translate(error);
  } finally {
    limit.end();
  }
}

/** After an error that leaves it open whether there is a claim now, it is taken back. */
async function sendAcquire(
  { caller, claim, wants, wait, delayMs, value }: Acquisition,
  keeper: Keeper,
  signal: AbortSignal,
): Promise<LockResult> {
  const command = commandCodec.encode({
    kind: "acquire",
    claim,
    wants,
    wait,
    delayMs,
    beliefMs: keeper.lease.ttlMs,
    value,
  });
  try {
    const reply = await caller.call(LOCK_MACHINE, command, { timeoutMs: 0, signal });
    return resultCodec.decode(reply.bytes);
  } catch (error) {
    if (!(error instanceof QuorateError) || error.outcome !== "not-applied") keeper.withdraw(claim, error);
    throw error;
  }
}

/** From a claim that stands in the log to a held lock, or to none there and none here. */
async function take(
  acquisition: Acquisition,
  keeper: Keeper,
  first: ClaimStatus,
  departure: Departure,
  signal: AbortSignal,
): Promise<HeldLock> {
  const { claim, wants, drift } = acquisition;
  const { lease } = keeper;
  try {
    const held =
      first.state === "held"
        ? { status: first, departure }
        : await waitForGrant(acquisition, keeper, AbortSignal.any([signal, lease.ended]));
    // A grant that comes when the lease has run out here is none: the log may have given it on.
    const remainingMs =
      Math.min(keeper.leaseEndMs(), leaseEndMs(held.departure.sentMs, lease.ttlMs, drift)) - keeper.clock.nowMs();
    if (!(remainingMs > 0))
      throw lostError(namesOf(acquisition), held.status.token, "it was granted too late to be believed");
    const names = wants.map(({ lock }) => lock);
    return new HeldLock(keeper, names, claim, held.status.token, held.departure, lease.ttlMs, drift);
  } catch (error) {
    keeper.withdraw(claim, null);
    throw lease.ended.aborted ? sessionEnded(namesOf(acquisition), error) : error;
  }
}

/** Watches the claim until the log confirms that it is held: an event is only a hint to ask. */
async function waitForGrant(
  acquisition: Acquisition,
  keeper: Keeper,
  signal: AbortSignal,
): Promise<{ readonly status: ClaimStatus; readonly departure: Departure }> {
  const { caller, claim, onDelayed } = acquisition;
  const request = watchCodec.encode({ kind: "claim", session: keeper.lease.id, claim });
  for (;;) {
    for await (const reply of caller.watch(LOCK_MACHINE, () => request, { timeoutMs: 0, signal })) {
      const event = eventCodec.decode(reply.bytes);
      if (event.kind !== "claim") throw strangeAnswer("watch", event.kind);
      if (event.status.state === "delayed") onDelayed(Math.max(0, event.status.untilMs - reply.logTimeMs));
      if (event.status.state === "queued" || event.status.state === "delayed") continue;
      const { statuses, departure } = await keeper.ask([claim], signal);
      const status = statuses[0]!;
      if (status.state === "held") return { status, departure };
      if (status.state !== "queued" && status.state !== "delayed") {
        const why = "it was taken from the queue, or by force, before it was granted here";
        throw lostError(namesOf(acquisition), status.token, why);
      }
    }
    signal.throwIfAborted();
  }
}

function namesOf({ wants }: Acquisition): string {
  return wants.map(({ lock }) => lock).join(", ");
}

function sessionEnded(names: string, cause?: unknown): QuorateError {
  return new QuorateError(
    "SESSION_ENDED",
    "not-applied",
    `Acquiring ${names}: the session ended meanwhile, and with it the claim. Acquire again.`,
    { lock: names },
    null,
    cause,
  );
}

/** The deadline and the caller's signal as one. */
class Limit {
  readonly signal: AbortSignal;
  private readonly acquisition: Acquisition;
  private readonly stopTimer: () => void;
  private reached = false;

  constructor(acquisition: Acquisition) {
    const { clock, timeoutMs, signal } = acquisition;
    const deadline = new AbortController();
    this.acquisition = acquisition;
    this.signal = signal === undefined ? deadline.signal : AbortSignal.any([signal, deadline.signal]);
    this.stopTimer =
      timeoutMs === 0
        ? () => {}
        : clock.after(timeoutMs, () => {
            this.reached = true;
            deadline.abort();
          });
  }

  end(): void {
    this.stopTimer();
  }

  /** What was cut short by the limit says so. */
  translate(error: unknown): unknown {
    const cut = !(error instanceof QuorateError) || error.code === "ABORTED" || error.code === "DEADLINE";
    if (!this.signal.aborted || !cut) return error;
    const { timeoutMs } = this.acquisition;
    const names = namesOf(this.acquisition);
    const byDeadline = this.reached && this.acquisition.signal?.aborted !== true;
    return new QuorateError(
      byDeadline ? "DEADLINE" : "ABORTED",
      "unknown",
      byDeadline
        ? `Acquiring ${names}: not granted within ${timeoutMs} ms. It is taken back in the background; acquire again, with more time.`
        : `Acquiring ${names}: the signal fired. It is taken back in the background.`,
      { lock: names },
      null,
      error,
    );
  }
}
