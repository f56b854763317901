import {
  type CallOptions,
  type Clock,
  QuorateError,
  type RequestId,
  SESSION_MACHINE,
  sessionCommands,
  sessionResults,
  type Settled,
  settlementError,
  SuspensionDetector,
} from "@quorate/machine";
import { keyedIdentity } from "./keyed-random.ts";
import type { ClientLimits } from "./limits.ts";
import type { Question, Request } from "./request.ts";
import type { Requests } from "./requests.ts";
import { Session } from "./session.ts";

/** What the sessions of a client need of the rest of it. */
export interface SessionsOptions {
  readonly clock: Clock;
  readonly seed: number;
  readonly limits: ClientLimits;
  readonly ttlMs: number;
  /** ρ of rule 25. */
  readonly drift: number;
  readonly requests: () => Requests;
  look(atMs: number): void;
}

/** What the log says of a request; an error where the machine threw when it was applied (`MACHINE_FAULT`). */
export type Settlement = Settled | QuorateError;

/** Who waits for an open session. */
interface Waiting {
  readonly deadlineMs: number;
  readonly timeoutMs: number;
  resolve(session: Session): void;
  reject(error: QuorateError): void;
}

/** Renewals without an answer at a time: the second is begun because the first may have been lost in a way that nobody sees. */
const RENEWALS_MAX = 2;
/** Pause after an opening that the log refused. */
const REOPEN_MS = 200;

function question(bytes: Uint8Array): Question {
  return { kind: "call", machine: SESSION_MACHINE, bytes };
}

/**
 * The one session of a client at a time: opened when first needed, renewed at a third of its lifetime, and followed by a new one when
 * the log says that it is over. Also asks the log what became of requests that ended unknown.
 */
export class Sessions {
  readonly #options: SessionsOptions;
  readonly #suspension: SuspensionDetector;
  readonly #waiting = new Set<Waiting>();
  /** What became of requests that ended unknown, by session and number; the oldest first. */
  readonly #outcomes = new Map<string, Settlement>();
  /** Who waits for the outcome of a request that the log is being asked about. */
  readonly #settling = new Map<string, ((settled: Settlement | null) => void)[]>();
  #current: Session | null = null;
  #opening: Request | null = null;
  #openings = 0;
  #openFromMs = 0;
  #renewedMs = 0;
  #renewals = 0;
  #era = 0;
  #closed = false;

  constructor(options: SessionsOptions) {
    this.#options = options;
    this.#suspension = new SuspensionDetector(options.clock.nowMs(), options.clock.wallMs());
  }

  get era(): number {
    return this.#era;
  }

  /** The open session; null: none, and one is being opened. */
  current(): Session | null {
    if (this.#current === null) this.#open();
    return this.#current;
  }

  /** The session as soon as there is one. */
  lease(options: CallOptions): Promise<Session> {
    const session = this.current();
    if (session !== null) return Promise.resolve(session);
    const { clock, limits, look } = this.#options;
    const { timeoutMs = limits.timeoutMs, signal } = options;
    return new Promise((resolve, reject) => {
      const aborted = (): void => waiting.reject(noSession("ABORTED", "its signal fired"));
      const over = (): void => {
        this.#waiting.delete(waiting);
        signal?.removeEventListener("abort", aborted);
      };
      const waiting: Waiting = {
        timeoutMs,
        deadlineMs: timeoutMs === 0 ? Infinity : clock.nowMs() + timeoutMs,
        resolve(opened) {
          over();
          resolve(opened);
        },
        reject(error) {
          over();
          reject(error);
        },
      };
      if (signal?.aborted === true) return aborted();
      signal?.addEventListener("abort", aborted, { once: true });
      this.#waiting.add(waiting);
      if (waiting.deadlineMs < Infinity) look(waiting.deadlineMs);
    });
  }

  /** Opens, renews, tells those who waited too long. Returns when to look again. */
  look(nowMs: number): number {
    this.checkSuspension();
    let nextMs = Infinity;
    for (const waiting of [...this.#waiting]) {
      if (waiting.deadlineMs > nowMs) nextMs = Math.min(nextMs, waiting.deadlineMs);
      else waiting.reject(noSession("DEADLINE", `none was open within ${waiting.timeoutMs} ms`));
    }
    if (this.#waiting.size > 0 && this.#current === null) this.#open();
    if (this.#current === null) return this.#openFromMs > nowMs ? Math.min(nextMs, this.#openFromMs) : nextMs;
    const dueMs = this.#current.renewalDueMs(this.#renewedMs);
    if (dueMs > nowMs) return Math.min(nextMs, dueMs);
    this.#renew(this.#current);
    return nextMs;
  }

  /** Compares the clocks; if the machine slept, what is believed is void, and a renewal begins (rule 26). */
  checkSuspension(): void {
    const { clock } = this.#options;
    if (!this.#suspension.suspended(clock.nowMs(), clock.wallMs())) return;
    this.#era += 1;
    if (this.#current === null) return;
    this.#current.suspended();
    this.#renew(this.#current);
  }

  /** The log said that `session` is over. A new one is opened for what comes next. */
  ended(session: Session): void {
    session.end();
    if (this.#current !== session) return;
    this.#current = null;
    this.#renewals = 0;
    this.#options.look(0);
  }

  /** Asks the log, unless it is being asked already. `told` gets null if the client closes before the log has answered. */
  settle(session: Session, number: number, told: (settled: Settlement | null) => void): void {
    const key = `${session.id}/${number}`;
    const known = this.#outcomes.get(key);
    if (known !== undefined) return told(known);
    const others = this.#settling.get(key);
    if (others !== undefined) return void others.push(told);
    this.#settling.set(key, [told]);
    const asked = session.takeNumber();
    this.#options
      .requests()
      .askInternally(session, asked, question(sessionCommands.encodeSettle(number)), 0, (error, reply) => {
        let settled: Settlement | null = null;
        if (reply !== null) {
          session.finish(number);
          settled = settlementOf(reply.bytes, { session: session.id, number });
        } else if (session.isOver || error?.code === "SESSION_ENDED") settled = { outcome: "forgotten" };
        const waiting = this.#settling.get(key) ?? [];
        this.#settling.delete(key);
        if (settled !== null) this.#remember(key, settled);
        for (const one of waiting) one(settled);
      });
  }

  /** What is known of a request without asking the log; null: nothing. */
  outcomeOf(request: RequestId): Settlement | null {
    return this.#outcomes.get(`${request.session}/${request.number}`) ?? null;
  }

  /** The open session, if it is this one. */
  live(id: number): Session | null {
    return this.#current?.id === id ? this.#current : null;
  }

  /** Ends the belief, then the session. `done`: the log said so, or `closeMs` are over. */
  close(done: () => void): void {
    this.#closed = true;
    for (const waiting of [...this.#waiting]) waiting.reject(noSession("CLOSED", "the client is closed"));
    const session = this.#current;
    this.#current = null;
    if (session === null) return done();
    session.end();
    const { requests, limits } = this.#options;
    const bytes = sessionCommands.encodeClose();
    requests().askInternally(session, session.takeNumber(), question(bytes), limits.closeMs, () => done());
  }

  /** No replica will ever answer. */
  failHopeless(error: QuorateError): void {
    for (const waiting of [...this.#waiting]) waiting.reject(error);
  }

  #open(): void {
    const { clock, seed, ttlMs, requests, limits, drift, look } = this.#options;
    if (this.#opening !== null || this.#closed) return;
    const nowMs = clock.nowMs();
    if (nowMs < this.#openFromMs) return look(this.#openFromMs);
    this.#openings += 1;
    // Of session 0 the number is what tells this opening from everybody else's.
    const number = keyedIdentity(seed, this.#openings);
    const bytes = sessionCommands.encodeOpen({ ttlMs });
    let told = false;
    const request = requests().askInternally(null, number, question(bytes), 0, (error, reply) => {
      told = true;
      const asked = this.#opening;
      this.#opening = null;
      if (this.#closed) return;
      if (reply === null || asked === null) {
        this.#openFromMs = clock.nowMs() + REOPEN_MS;
        for (const waiting of [...this.#waiting]) if (error?.code === "DENIED") waiting.reject(error);
        return look(this.#openFromMs);
      }
      this.checkSuspension();
      const opened = sessionResults.decodeOpened(reply.bytes);
      const session = new Session({
        id: opened.session,
        ttlMs: opened.ttlMs,
        firstSentMs: asked.era === this.#era ? asked.firstSentMs : -Infinity,
        windowMax: limits.windowMax,
        drift,
        suspicion: () => this.checkSuspension(),
      });
      this.#current = session;
      this.#renewedMs = asked.firstSentMs;
      for (const waiting of [...this.#waiting]) waiting.resolve(session);
      look(0);
    });
    if (!told) this.#opening = request;
  }

  #renew(session: Session): void {
    const { clock, requests, look } = this.#options;
    if (this.#renewals >= RENEWALS_MAX || session.isOver) return;
    this.#renewals += 1;
    this.#renewedMs = clock.nowMs();
    const bytes = sessionCommands.encodeRenew();
    const request: Request = requests().askInternally(
      session,
      session.takeNumber(),
      question(bytes),
      0,
      (_error, reply) => {
        if (session !== this.#current) return;
        this.#renewals -= 1;
        this.checkSuspension();
        if (reply === null || request.era !== this.#era) return look(0);
        session.renewed(request.firstSentMs, sessionResults.decodeRenewed(reply.bytes).ttlMs);
        look(0);
      },
    );
  }

  #remember(key: string, settled: Settlement): void {
    this.#outcomes.set(key, settled);
    if (this.#outcomes.size <= this.#options.limits.outcomesMax) return;
    for (const oldest of this.#outcomes.keys()) {
      this.#outcomes.delete(oldest);
      break;
    }
  }
}

function settlementOf(bytes: Uint8Array, request: RequestId): Settlement {
  const result = sessionResults.decodeSettled(bytes);
  if (result.outcome !== "applied") return result;
  return settlementError(request, result.settlement) ?? { outcome: "applied", reply: result.settlement };
}

function noSession(code: "DEADLINE" | "ABORTED" | "CLOSED", why: string): QuorateError {
  return new QuorateError(code, "not-applied", `No session could be had: ${why}.`);
}
