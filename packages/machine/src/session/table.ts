import type { Settlement } from "../composite.ts";
import { ExpiryQueue } from "./expiry.ts";
import type { SessionLimits } from "./limits.ts";
import { SessionRequests } from "./requests.ts";

/** One living session. */
export interface Session {
  /** The revision that opened it. */
  readonly id: number;
  /** The number of the request that opened it: a copy of that request finds this session. */
  readonly nonce: number;
  readonly ttlMs: number;
  /** Log time of its opening. */
  readonly openedMs: number;
  /** Log time of its last renewal, or of its opening. */
  renewedMs: number;
  requests: SessionRequests;
  /** Which generation of the table may change this object: an older one belongs to an image, too. */
  generation: number;
}

/**
 * The sessions of one log. All of it is a function of the log: what is alive, and what each has settled. A session that ended is gone, and its
 * id, being a revision, never comes again (rule 23).
 */
export class SessionTable {
  readonly limits: SessionLimits;
  /** Bytes of unreleased results of all sessions, as the limits count them. */
  resultBytesTotal = 0;
  /** By id, ascending: ids are revisions, so each new one is the last. */
  private readonly sessions = new Map<number, Session>();
  private readonly byNonce = new Map<number, number>();
  private readonly expiry: ExpiryQueue = new ExpiryQueue((id) => {
    const session = this.sessions.get(id);
    return session === undefined ? -1 : session.renewedMs + session.ttlMs;
  });
  private generation = 0;

  constructor(limits: SessionLimits) {
    this.limits = limits;
  }

  get count(): number {
    return this.sessions.size;
  }

  lives(id: number): boolean {
    return this.sessions.has(id);
  }

  /** The session that this opening opened, to look at. */
  findByNonce(nonce: number): Session | undefined {
    const id = this.byNonce.get(nonce);
    return id === undefined ? undefined : this.sessions.get(id);
  }

  /** The session, to change: a copy takes its place if an image holds it. */
  own(id: number): Session | undefined {
    const session = this.sessions.get(id);
    if (session === undefined || session.generation === this.generation) return session;
    const copy: Session = { ...session, requests: session.requests.copy(), generation: this.generation };
    this.sessions.set(id, copy);
    return copy;
  }

  /** `id` is greater than that of every session before, and the table is not full. */
  open(id: number, nonce: number, ttlMs: number, logTimeMs: number): Session {
    return this.add(id, nonce, ttlMs, logTimeMs, logTimeMs);
  }

  /** Puts a session of an image back; its requests are still empty. */
  add(id: number, nonce: number, ttlMs: number, openedMs: number, renewedMs: number): Session {
    const requests = new SessionRequests();
    const session: Session = { id, nonce, ttlMs, openedMs, renewedMs, requests, generation: this.generation };
    this.sessions.set(id, session);
    this.byNonce.set(nonce, id);
    this.expiry.add(id, renewedMs + ttlMs);
    return session;
  }

  /** `session` comes from `own`. Only moves its expiry back. */
  renew(session: Session, logTimeMs: number): void {
    session.renewedMs = logTimeMs;
  }

  /** `session` comes from `own`, or from `add`. */
  keep(session: Session, number: number, settlement: Settlement): void {
    const before = session.requests.bytesKept;
    session.requests.keep(number, settlement);
    this.resultBytesTotal += session.requests.bytesKept - before;
  }

  /** `session` comes from `own`. */
  release(session: Session, releasedTo: number): void {
    const before = session.requests.bytesKept;
    session.requests.release(releasedTo);
    this.resultBytesTotal += session.requests.bytesKept - before;
  }

  /** Whether a command of this session must be refused before it is applied, because of what is unreleased. */
  overloaded({ requests }: Session): boolean {
    const { resultsMax, resultBytesMax, resultBytesTotalMax } = this.limits;
    if (requests.count >= resultsMax || requests.bytesKept >= resultBytesMax) return true;
    return (
      this.resultBytesTotal >= resultBytesTotalMax && requests.bytesKept * this.sessions.size > resultBytesTotalMax
    );
  }

  /** Ends a living session, with all that it had settled. */
  end(id: number): void {
    this.remove(id);
    this.expiry.tidy(this.sessions.size);
  }

  /** Ends every session whose time has come, and returns their ids, ascending. None of them lives any more when it returns. */
  expire(logTimeMs: number): readonly number[] {
    const ids = this.expiry.take(logTimeMs);
    for (const id of ids) this.remove(id);
    return ids;
  }

  /** Log time of the earliest expiry; Infinity: there is no session. */
  dueMs(): number {
    return this.expiry.earliestMs();
  }

  /** All sessions as of now, by id. They never change again: whoever changes one afterwards changes a copy. */
  freeze(): readonly Session[] {
    this.generation++;
    return [...this.sessions.values()];
  }

  private remove(id: number): void {
    const session = this.sessions.get(id);
    if (session === undefined) return;
    this.sessions.delete(id);
    this.byNonce.delete(session.nonce);
    this.resultBytesTotal -= session.requests.bytesKept;
  }
}
