import {
  type CallOptions,
  type Caller,
  type Clock,
  DRIFT_DEFAULT,
  QuorateError,
  type ReadOptions,
  type Reply,
  type RequestId,
  type SessionLease,
  type Settled,
} from "@quorate/machine";
import type { Dial, ErrorFrame } from "./dial.ts";
import { Endpoints } from "./endpoints.ts";
import { FINAL_CODES, knownCode } from "./final-codes.ts";
import { pauseMs } from "./keyed-random.ts";
import { CLIENT_LIMITS, type ClientLimits, SESSION_TTL_MS } from "./limits.ts";
import type { EndpointStatus, Link } from "./link.ts";
import { Requests } from "./requests.ts";
import { Sessions, type Settlement } from "./sessions.ts";
import { Inquiries, type ReplicaReport, type SnapshotPart, type SnapshotPlace } from "./inquiries.ts";
import { Watch, type WatchEndedFrame, type WatchOwner } from "./watch.ts";

/** What a client is made of. */
export interface ClientOptions {
  /** Where replicas serve clients; at least one. The others are learned from it. */
  readonly endpoints: readonly string[];
  readonly dial: Dial;
  readonly clock: Clock;
  /** Random, different for every client and every start: it makes the number that opens a session, and spreads pauses. */
  readonly seed: number;
  /** Lifetime of sessions in milliseconds, within the bounds of the log. Default 10,000: what a client that vanishes owned is free after this. */
  readonly sessionTtlMs?: number;
  /** Bound on the drift of any clock, ρ of rule 25. Must not be below what the cluster was given. Default 0.02. */
  readonly drift?: number;
  readonly limits?: Partial<ClientLimits>;
}

/** A caller over connections. */
export interface Client extends Caller {
  /** What the replica at one endpoint says of itself. Throws `NO_REPLICA` as soon as it cannot be reached. */
  status(endpoint: string, options?: CallOptions): Promise<ReplicaReport>;
  /**
   * Part of a snapshot of the replica at one endpoint. Ask from position 0 of slot 0 on; then, of the slot that is answered, for what follows.
   * `NO_REPLICA` as for a status; `COMPACTED`: that snapshot is gone, begin anew; `TOO_STALE`: the replica lacks `minRevision`; `DISK_FULL`.
   */
  snapshotPart(endpoint: string, place: SnapshotPlace, options?: CallOptions): Promise<SnapshotPart>;
  /** Every endpoint, and why it was of no use last. */
  endpoints(): readonly EndpointStatus[];
  /** Ends what is open with `CLOSED`, then the session through the log, then the connections. */
  close(): Promise<void>;
}

/** Connects to nobody before the first call. Throws `BAD_OPTION`. */
export function createClient(options: ClientOptions): Client {
  if (options.endpoints.length === 0) {
    throw new QuorateError(
      "BAD_OPTION",
      "not-applied",
      "A client needs one endpoint at least, for example ws://127.0.0.1:7001.",
    );
  }
  return new EndpointClient(options);
}

class EndpointClient implements Client, WatchOwner {
  readonly #clock: Clock;
  readonly #limits: ClientLimits;
  readonly #seed: number;
  readonly #endpoints: Endpoints;
  readonly #requests: Requests;
  readonly #sessions: Sessions;
  readonly #inquiries: Inquiries;
  readonly #watches = new Set<Watch>();
  #timerAtMs = Infinity;
  #cancelTimer: (() => void) | null = null;
  #lookScheduled = false;
  #looking = false;
  #closed: Promise<void> | null = null;

  constructor(options: ClientOptions) {
    const { clock, dial, seed, sessionTtlMs = SESSION_TTL_MS, drift = DRIFT_DEFAULT } = options;
    const limits = { ...CLIENT_LIMITS, ...options.limits };
    const look = (atMs: number): void => this.#lookAt(atMs);
    this.#clock = clock;
    this.#limits = limits;
    this.#seed = seed;
    const endpoints = [...new Set(options.endpoints)];
    this.#endpoints = new Endpoints({ endpoints, dial, clock, seed, limits, changed: () => look(0) });
    this.#sessions = new Sessions({
      clock,
      seed,
      limits,
      ttlMs: sessionTtlMs,
      drift,
      requests: () => this.#requests,
      look,
    });
    this.#requests = new Requests({
      clock,
      seed,
      limits,
      endpoints: this.#endpoints,
      session: () => this.#sessions.current(),
      era: () => this.#sessions.era,
      sessionEnded: (session) => this.#sessions.ended(session),
      settle: (session, number, told) => this.#sessions.settle(session, number, told),
      look,
    });
    this.#inquiries = new Inquiries({ clock, limits, endpoints: this.#endpoints, look });
  }

  call(machine: string, command: Uint8Array, options: CallOptions = {}): Promise<Reply> {
    if (this.#closed !== null) return Promise.reject(closedError(`The call to "${machine}"`));
    const tooLarge = this.#tooLarge(machine, command);
    if (tooLarge !== null) return Promise.reject(tooLarge);
    return this.#requests.ask({ kind: "call", machine, bytes: command }, options);
  }

  read(machine: string, query: Uint8Array, options: ReadOptions = {}): Promise<Reply> {
    if (this.#closed !== null) return Promise.reject(closedError(`The read from "${machine}"`));
    const tooLarge = this.#tooLarge(machine, query);
    if (tooLarge !== null) return Promise.reject(tooLarge);
    const { level = "linearizable", at = 0 } = options;
    return this.#requests.ask({ kind: "read", machine, bytes: query, level, at }, options);
  }

  #tooLarge(machine: string, bytes: Uint8Array): QuorateError | null {
    const { requestBytesMax } = this.#limits;
    if (bytes.length <= requestBytesMax) return null;
    return new QuorateError(
      "TOO_LARGE",
      "not-applied",
      `A request to "${machine}" of ${bytes.length} bytes is larger than ${requestBytesMax}: it was not sent. Split it, or store it elsewhere and keep a reference here.`,
      { machine, bytes: bytes.length, bytesMax: requestBytesMax },
    );
  }

  watch(
    machine: string,
    request: (afterRevision: number) => Uint8Array,
    options: CallOptions = {},
  ): AsyncIterable<Reply> {
    return { [Symbol.asyncIterator]: () => this.#iterate(machine, request, options) };
  }

  async settle(request: RequestId, options: CallOptions = {}): Promise<Settled> {
    const known = this.#sessions.outcomeOf(request);
    if (known !== null) return toldOf(known);
    if (this.#closed !== null) throw closedError(`To settle request ${request.number} of session ${request.session}`);
    const session = this.#sessions.live(request.session);
    // Requests of a session are its client's affair alone; those of an earlier session of this client are forgotten with it.
    if (session === null) return { outcome: "forgotten" };
    const { timeoutMs = this.#limits.timeoutMs, signal } = options;
    return new Promise((resolve, reject) => {
      const what = `To settle request ${request.number} of session ${request.session}`;
      const stop = (code: "DEADLINE" | "ABORTED", why: string): void =>
        end(() =>
          reject(
            new QuorateError(code, "unknown", `${what}: ${why}. The log is still being asked; ask again.`, {}, request),
          ),
        );
      const aborted = (): void => stop("ABORTED", "the signal fired");
      const end = (tell: () => void): void => {
        cancel?.();
        signal?.removeEventListener("abort", aborted);
        tell();
      };
      if (signal?.aborted === true) return aborted();
      signal?.addEventListener("abort", aborted, { once: true });
      const cancel =
        timeoutMs === 0
          ? null
          : this.#clock.after(timeoutMs, () => stop("DEADLINE", `no answer within ${timeoutMs} ms`));
      this.#sessions.settle(session, request.number, (settlement) =>
        end(() => {
          if (settlement === null) reject(closedError(what));
          else if (settlement instanceof QuorateError) reject(settlement);
          else resolve(settlement);
        }),
      );
    });
  }

  session(options: CallOptions = {}): Promise<SessionLease> {
    if (this.#closed !== null) return Promise.reject(closedError("To open a session"));
    return this.#sessions.lease(options);
  }

  status(endpoint: string, options: CallOptions = {}): Promise<ReplicaReport> {
    if (this.#closed !== null) return Promise.reject(closedError(`To ask ${endpoint} for its status`));
    return this.#inquiries.status(endpoint, options);
  }

  snapshotPart(endpoint: string, place: SnapshotPlace, options: CallOptions = {}): Promise<SnapshotPart> {
    if (this.#closed !== null) return Promise.reject(closedError(`To ask ${endpoint} for a snapshot`));
    return this.#inquiries.snapshotPart(endpoint, place, options);
  }

  endpoints(): readonly EndpointStatus[] {
    return this.#endpoints.status();
  }

  close(): Promise<void> {
    this.#closed ??= new Promise((resolve) => {
      this.#requests.endAll("CLOSED", "was cut off: the client is closed");
      for (const watch of [...this.#watches]) watch.end(null);
      this.#inquiries.close();
      this.#sessions.close(() => {
        this.#requests.clear();
        this.#endpoints.close();
        this.#cancelTimer?.();
        this.#cancelTimer = null;
        this.#timerAtMs = -Infinity;
        resolve();
      });
    });
    return this.#closed;
  }

  // What watches need.

  target(): Link | null {
    return this.#endpoints.any();
  }

  againMs(refusals: number): number {
    const { retryMsMin, retryMsMax } = this.#limits;
    return this.nowMs() + pauseMs(retryMsMin, retryMsMax, refusals, this.#seed, 3);
  }

  nowMs(): number {
    return this.#clock.nowMs();
  }

  minRevision(): number {
    return this.#requests.seenRevision;
  }

  refused(link: Link, frame: ErrorFrame | WatchEndedFrame): QuorateError | null {
    if (frame.kind === "error") {
      const code = knownCode(frame.code);
      if (code !== null && FINAL_CODES.has(code)) {
        return new QuorateError(code, "not-applied", `The watch was refused: ${frame.message}`);
      }
    }
    // One that is full or has changed its state is none the worse for it.
    if (frame.kind === "error" && frame.code !== "OVERLOADED")
      this.#endpoints.turnedAway(link, frame.leader, frame.message);
    this.#lookAt(0);
    return null;
  }

  ended(watch: Watch): void {
    this.#watches.delete(watch);
  }

  #iterate(
    machine: string,
    request: (afterRevision: number) => Uint8Array,
    options: CallOptions,
  ): AsyncIterator<Reply, undefined> {
    const { timeoutMs = 0, signal } = options;
    const watch = new Watch(this, machine, request, this.#limits.watchWindowBytes);
    const what = `The watch of "${machine}"`;
    const aborted = (): void => watch.end(new QuorateError("ABORTED", "not-applied", `${what}: its signal fired.`));
    const cancel =
      timeoutMs === 0
        ? null
        : this.#clock.after(timeoutMs, () =>
            watch.end(new QuorateError("DEADLINE", "not-applied", `${what}: its ${timeoutMs} ms are over.`)),
          );
    watch.whenOver = (): void => {
      cancel?.();
      signal?.removeEventListener("abort", aborted);
    };
    this.#watches.add(watch);
    if (this.#closed !== null) watch.end(closedError(what));
    else if (signal?.aborted === true) aborted();
    else {
      signal?.addEventListener("abort", aborted, { once: true });
      watch.resume();
      this.#lookAt(0);
    }
    return {
      next: () => watch.next(),
      return: () => {
        watch.end(null);
        return Promise.resolve({ done: true, value: undefined });
      },
    };
  }

  /** Looks at everything once at the end of this turn if `atMs` has come, else by the one timer of this client. */
  #lookAt(atMs: number): void {
    if (atMs >= this.#timerAtMs) return;
    const nowMs = this.#clock.nowMs();
    if (atMs <= nowMs) {
      // What a look itself finds to be waiting is looked at again when something has changed, or by the timer.
      if (this.#looking || this.#lookScheduled || this.#timerAtMs === -Infinity) return;
      this.#lookScheduled = true;
      this.#clock.endOfTurn(() => {
        this.#lookScheduled = false;
        this.#look();
      });
      return;
    }
    if (atMs === Infinity) return;
    this.#cancelTimer?.();
    this.#timerAtMs = atMs;
    this.#cancelTimer = this.#clock.after(atMs - nowMs, () => {
      this.#timerAtMs = Infinity;
      this.#cancelTimer = null;
      this.#look();
    });
  }

  #look(): void {
    if (this.#timerAtMs === -Infinity) return;
    this.#looking = true;
    const nowMs = this.#clock.nowMs();
    this.#endpoints.checkSilence(nowMs);
    let nextMs = Math.min(this.#sessions.look(nowMs), this.#requests.look(nowMs), this.#inquiries.look(nowMs));
    let waiting = this.#requests.isWaiting || this.#inquiries.isWaiting;
    for (const watch of [...this.#watches]) {
      watch.resume();
      if (!watch.isWaiting) continue;
      waiting = true;
      if (watch.notBeforeMs > nowMs) nextMs = Math.min(nextMs, watch.notBeforeMs);
    }
    if (waiting && this.#endpoints.isHopeless) {
      this.#requests.failHopeless();
      this.#sessions.failHopeless(this.#endpoints.noReplica("No session could be had", "not-applied"));
      for (const watch of [...this.#watches])
        watch.end(this.#endpoints.noReplica("The watch found no replica", "not-applied"));
      waiting = false;
    }
    nextMs = Math.min(nextMs, this.#endpoints.nextLookMs(nowMs, waiting));
    this.#looking = false;
    // A millisecond at least: a pause that ends now was found a moment too early.
    if (nextMs < Infinity) this.#lookAt(Math.max(nextMs, nowMs + 1));
  }
}

function toldOf(settlement: Settlement): Settled {
  if (settlement instanceof QuorateError) throw settlement;
  return settlement;
}

function closedError(what: string): QuorateError {
  return new QuorateError("CLOSED", "not-applied", `${what}: the client is closed. Make a new one.`);
}
