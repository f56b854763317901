import { type CallOptions, type Clock, type Code, QuorateError, type Reply } from "@quorate/machine";
import type { ErrorFrame } from "./dial.ts";
import type { Endpoints } from "./endpoints.ts";
import { FINAL_CODES, knownCode } from "./final-codes.ts";
import { pauseMs } from "./keyed-random.ts";
import type { ClientLimits } from "./limits.ts";
import type { Link } from "./link.ts";
import { type Question, Request, requestError, type RequestOwner, type Told } from "./request.ts";
import type { Session } from "./session.ts";
import type { Settlement } from "./sessions.ts";

/** What the requests of a client need of the rest of it. */
export interface RequestsOptions {
  readonly clock: Clock;
  readonly seed: number;
  readonly limits: ClientLimits;
  readonly endpoints: Endpoints;
  /** The session that new calls get their numbers of; null: none yet, it is being opened. */
  session(): Session | null;
  era(): number;
  /** The log said that it is over. */
  sessionEnded(session: Session): void;
  /** Asks the log what became of a request. `null`: the client closed before the log answered. */
  settle(session: Session, number: number, told: (settled: Settlement | null) => void): void;
  /** Something is to be looked at, at this moment or at the end of this turn. */
  look(atMs: number): void;
}

/**
 * All calls and reads of a client: which wait, which are under way, which may be sent again. Nothing has a timer of its own: the nearest deadline is
 * known, and they are gone through when it has come.
 */
export class Requests implements RequestOwner {
  readonly #options: RequestsOptions;
  readonly #live = new Set<Request>();
  /** Calls without a number yet, first come first sent. Those before `#freshHead` are gone. */
  #fresh: Request[] = [];
  #freshHead = 0;
  /** Everything else that waits to be sent: retries, reads, what keeps sessions going. */
  readonly #again = new Set<Request>();
  #nextDeadlineMs = Infinity;
  #seenRevision = 0;

  constructor(options: RequestsOptions) {
    this.#options = options;
  }

  get era(): number {
    return this.#options.era();
  }

  /** The highest revision that any answer has shown. */
  get seenRevision(): number {
    return this.#seenRevision;
  }

  /** Something waits to be sent. */
  get isWaiting(): boolean {
    return this.#again.size > 0 || this.#freshHead < this.#fresh.length;
  }

  /** Calls and reads that are not over. */
  get size(): number {
    return this.#live.size;
  }

  /** Asks, and tells a promise. */
  ask(question: Question, options: CallOptions): Promise<Reply> {
    return new Promise((resolve, reject) => {
      this.#start(question, options, (error, reply) => {
        if (error !== null) reject(error);
        else resolve(reply!);
      });
    });
  }

  /** A call that keeps sessions going: goes out beyond the window, under the number given. */
  askInternally(session: Session | null, number: number, question: Question, timeoutMs: number, told: Told): Request {
    const request = new Request(this, question, this.#options.clock.nowMs(), timeoutMs, true, told);
    request.session = session;
    request.number = number;
    this.#admit(request);
    this.#again.add(request);
    this.#trySend(request);
    return request;
  }

  /** Sends what waits, as far as it can be sent; tells those whose time is over. Returns when to look again. */
  look(nowMs: number): number {
    if (nowMs >= this.#nextDeadlineMs) this.#expire(nowMs);
    let nextMs = this.#nextDeadlineMs;
    for (const request of [...this.#again]) {
      if (request.notBeforeMs > nowMs) nextMs = Math.min(nextMs, request.notBeforeMs);
      else this.#trySend(request);
    }
    this.#sendFresh();
    return nextMs;
  }

  /** Ends everything that a caller waits for. */
  endAll(code: "CLOSED", why: string): void {
    for (const request of [...this.#live]) if (!request.internal) this.#giveUp(request, code, why);
  }

  /** Ends everything, what keeps sessions going too. */
  clear(): void {
    for (const request of [...this.#live]) {
      this.#over(
        request,
        requestError(
          request,
          "CLOSED",
          request.mayBeApplied ? "unknown" : "not-applied",
          "was cut off: the client is closed",
        ),
        null,
      );
    }
  }

  /** Fails what waits for replicas that will never answer. */
  failHopeless(): void {
    for (const request of [...this.#live]) {
      if (request.link !== null || request.internal) continue;
      const error = this.#options.endpoints.noReplica(`${request.describe()} found no replica`, "not-applied");
      if (!request.mayBeApplied) this.#over(request, error, null);
    }
  }

  answered(request: Request, link: Link, reply: Reply): void {
    this.#options.endpoints.answered(link);
    if (reply.revision > this.#seenRevision) this.#seenRevision = reply.revision;
    this.#over(request, null, reply);
  }

  refused(request: Request, link: Link, frame: ErrorFrame): void {
    const { endpoints, look } = this.#options;
    const code = knownCode(frame.code);
    if (code !== null && frame.settled) return this.#settled(request, link, code, frame);
    if (code !== null && FINAL_CODES.has(code)) return this.#refusedForGood(request, code, frame);
    if (code === "OVERLOADED") endpoints.slowDown(link, frame.message);
    else endpoints.turnedAway(link, frame.leader, frame.message);
    if (request.question.kind === "read") this.#pause(request);
    this.#again.add(request);
    look(0);
  }

  lost(request: Request): void {
    this.#again.add(request);
    this.#options.look(0);
  }

  #start(question: Question, options: CallOptions, told: Told): void {
    const { clock, limits } = this.#options;
    const { timeoutMs = limits.timeoutMs, signal } = options;
    const request = new Request(this, question, clock.nowMs(), timeoutMs, false, told);
    if (signal?.aborted === true) {
      return request.end(
        requestError(request, "ABORTED", "not-applied", "was not sent: its signal had fired before"),
        null,
      );
    }
    if (this.#again.size + this.#fresh.length - this.#freshHead >= limits.waitingMax) {
      const why = `was not sent: ${limits.waitingMax} others wait in this client`;
      return request.end(requestError(request, "OVERLOADED", "not-applied", why), null);
    }
    if (signal !== undefined) {
      const aborted = (): void => this.#giveUp(request, "ABORTED", "was given up: its signal fired");
      signal.addEventListener("abort", aborted, { once: true });
      request.unlisten = (): void => signal.removeEventListener("abort", aborted);
    }
    this.#admit(request);
    if (question.kind === "call") {
      this.#fresh.push(request);
      this.#sendFresh();
    } else {
      this.#again.add(request);
      this.#trySend(request);
    }
  }

  #admit(request: Request): void {
    this.#live.add(request);
    if (request.deadlineMs < this.#nextDeadlineMs) {
      this.#nextDeadlineMs = request.deadlineMs;
      this.#options.look(request.deadlineMs);
    }
  }

  #sendFresh(): void {
    while (this.#freshHead < this.#fresh.length) {
      const request = this.#fresh[this.#freshHead]!;
      if (!request.isOver) {
        const session = this.#options.session();
        const link = session?.hasRoom === true ? this.#options.endpoints.target() : null;
        if (session === null || link === null) {
          // The reply that makes room sends the next; everything else that may help is looked at.
          if (session === null || session.hasRoom) this.#options.look(0);
          return;
        }
        request.session = session;
        request.number = session.takeNumber();
        request.send(link, this.#options.clock.nowMs(), this.#seenRevision);
      }
      this.#freshHead += 1;
      if (this.#freshHead === this.#fresh.length || this.#freshHead === 1024) {
        this.#fresh.splice(0, this.#freshHead);
        this.#freshHead = 0;
      }
    }
  }

  #trySend(request: Request): void {
    const { endpoints, clock, look } = this.#options;
    if (request.isOver) return void this.#again.delete(request);
    const { question } = request;
    let link: Link | null;
    if (question.kind === "call") link = endpoints.target();
    else if (question.at > 0) link = endpoints.at(question.at);
    else link = question.level === "linearizable" || question.level === "lease" ? endpoints.target() : endpoints.any();
    if (link === null) {
      const at = question.kind === "read" ? question.at : 0;
      const others = at > 0 ? endpoints.nodesWithout(at) : null;
      if (others === null) return look(0);
      const why = `asked for node ${at}, which no replica knows: there are ${others.join(", ")}`;
      return this.#over(request, requestError(request, "NO_REPLICA", "not-applied", why), null);
    }
    this.#again.delete(request);
    request.send(link, clock.nowMs(), this.#seenRevision);
  }

  /** The log's word. */
  #settled(request: Request, link: Link, code: Code, frame: ErrorFrame): void {
    const { endpoints, sessionEnded, look } = this.#options;
    const { session, number } = request;
    if (code === "SESSION_ENDED" && session !== null) sessionEnded(session);
    if (code === "OVERLOADED" && frame.outcome === "not-applied" && !request.internal && session !== null) {
      session.finish(number);
      request.renumber();
      this.#fresh.push(request);
      endpoints.slowDown(link, frame.message);
      return look(0);
    }
    endpoints.answered(link);
    this.#over(request, requestError(request, code, frame.outcome, `ended: ${frame.message}`), null);
  }

  /** Refused by this replica, and asking another would be of no use; but an earlier copy may have been applied: then the log is asked. */
  #refusedForGood(request: Request, code: Code, frame: ErrorFrame): void {
    const outcome = code === "MACHINE_FAULT" && request.question.kind === "call" ? "applied" : "not-applied";
    const error = requestError(request, code, outcome, `was refused: ${frame.message}`);
    const { session, number } = request;
    if (!request.mayBeApplied || session === null || request.internal) return this.#over(request, error, null);
    this.#options.settle(session, number, (settled) => {
      if (request.isOver) return;
      if (settled === null) this.#giveUp(request, "CLOSED", "was cut off: the client is closed");
      else if (settled instanceof QuorateError) this.#over(request, settled, null);
      else if (settled.outcome === "applied") this.#over(request, null, settled.reply);
      else if (settled.outcome === "not-applied") this.#over(request, error, null);
      else this.#giveUp(request, "SESSION_ENDED", "cannot be told any more: its session is over");
    });
  }

  #pause(request: Request): void {
    const { clock, limits, seed } = this.#options;
    request.notBeforeMs = clock.nowMs() + pauseMs(limits.retryMsMin, limits.retryMsMax, request.refusals, seed, 2);
    request.refusals += 1;
  }

  #expire(nowMs: number): void {
    let nextMs = Infinity;
    for (const request of [...this.#live]) {
      if (request.deadlineMs > nowMs) nextMs = Math.min(nextMs, request.deadlineMs);
      else this.#giveUp(request, "DEADLINE", `had no answer within ${request.timeoutMs} ms`);
    }
    this.#nextDeadlineMs = nextMs;
  }

  /** Its caller waits no longer. Unknown only if a copy was sent that may have got through (rule 24). */
  #giveUp(request: Request, code: "DEADLINE" | "ABORTED" | "CLOSED" | "SESSION_ENDED", why: string): void {
    const { endpoints, settle } = this.#options;
    const { session, number, refusal } = request;
    if (request.mayBeApplied) {
      const last = refusal === null ? "" : `; the last refusal was: ${refusal.message}`;
      const error = requestError(request, code, "unknown", why + last);
      this.#over(request, error, null);
      if (session !== null && code !== "CLOSED" && code !== "SESSION_ENDED") settle(session, number, () => undefined);
      return;
    }
    const refusedAs = refusal === null ? null : knownCode(refusal.code);
    if (code !== "DEADLINE") this.#over(request, requestError(request, code, "not-applied", why), null);
    else if (refusedAs !== null && refusal !== null) {
      this.#over(
        request,
        requestError(request, refusedAs, "not-applied", `${why}; the last refusal was: ${refusal.message}`),
        null,
      );
    } else if (request.link === null && endpoints.status().every(({ state }) => state !== "open")) {
      this.#over(
        request,
        endpoints.noReplica(`${request.describe()} ${why}: no replica could be asked`, "not-applied"),
        null,
      );
    } else this.#over(request, requestError(request, code, "not-applied", why), null);
  }

  /** A number whose outcome is unknown stays taken until the log has said what became of it. */
  #over(request: Request, error: QuorateError | null, reply: Reply | null): void {
    this.#live.delete(request);
    this.#again.delete(request);
    if (request.number > 0 && error?.outcome !== "unknown") request.session?.finish(request.number);
    request.end(error, reply);
    if (this.#freshHead < this.#fresh.length) this.#sendFresh();
  }
}
