import { lockMachine, type LockShape, type LockMode, type Want } from "@quorate/lock";
import {
  type At,
  type Caller,
  type CallOptions,
  type Clock,
  type Image,
  leaseEndMs,
  QuorateError,
  type Reply,
  type RequestId,
  type SessionLease,
  type Settled,
  type StateMachine,
} from "@quorate/machine";

/** All bytes of an image, pulled in chunks of this size. */
export function imageBytes(image: Image, chunkBytes: number = 1 << 16): Uint8Array {
  const chunks: Uint8Array[] = [];
  for (let chunk = image.next(chunkBytes); chunk !== null; chunk = image.next(chunkBytes)) chunks.push(chunk);
  image.release();
  return Buffer.concat(chunks);
}

export function want(lock: string, mode: LockMode = "exclusive", permits: number = 0, permitsMax: number = 0): Want {
  return { lock, mode, permits, permitsMax };
}

/** The lock machine on a log with one replica: steps are counted, log time is set by hand, sessions are named by the test. */
export class LogOfOne {
  readonly liveSessions: Set<number> = new Set([1, 2, 3, 4]);
  machine: StateMachine<LockShape>;
  revision = 100;
  logTimeMs = 0;

  constructor() {
    this.machine = lockMachine.create(this.neighbours());
  }

  neighbours(): Parameters<typeof lockMachine.create>[0] {
    return { holdsLock: () => false, sessionLives: (session) => this.liveSessions.has(session) };
  }

  private at(session: number): At {
    this.revision += 1;
    return { revision: this.revision, logTimeMs: this.logTimeMs, session };
  }

  apply(session: number, command: LockShape["command"]): LockShape["result"] {
    const { codecs } = lockMachine;
    const result = this.machine.apply(codecs.command.decode(codecs.command.encode(command)), this.at(session));
    return codecs.result.decode(codecs.result.encode(result));
  }

  /** Queues a claim for these locks. */
  acquire(
    session: number,
    claim: number,
    wants: readonly Want[],
    options: { readonly wait?: boolean; readonly delayMs?: number; readonly beliefMs?: number } = {},
  ): LockShape["result"] {
    const { wait = true, delayMs = 0, beliefMs = 1000 } = options;
    return this.apply(session, { kind: "acquire", claim, wants, wait, delayMs, beliefMs, value: new Uint8Array(0) });
  }

  /** State and token of a claim. */
  status(session: number, claim: number): string {
    const answer = this.query({ kind: "claim", session, claim });
    if (answer.kind !== "claim") throw new Error(answer.kind);
    const { state, token } = answer.status;
    return token === 0 ? state : `${state} ${token}`;
  }

  query(query: LockShape["query"]): LockShape["answer"] {
    const { codecs } = lockMachine;
    const answer = this.machine.query!(codecs.query.decode(codecs.query.encode(query)));
    return codecs.answer.decode(codecs.answer.encode(answer));
  }

  validate(lock: string, token: number): boolean {
    const answer = this.query({ kind: "validate", lock, token });
    return answer.kind === "validate" && answer.held;
  }

  /** Log time goes on; a clock step comes if one is due, as a leader would propose it. */
  advanceTo(logTimeMs: number): void {
    this.logTimeMs = logTimeMs;
    if (this.machine.dueMs!() <= logTimeMs) this.machine.advance!(this.at(0));
  }

  /** Sessions end in one step, one told after the other. */
  endSessions(...sessions: readonly number[]): void {
    const at = this.at(0);
    for (const session of sessions) this.liveSessions.delete(session);
    for (const session of sessions) this.machine.sessionEnded!(session, at);
  }

  /** A machine from the image of this one. */
  restored(chunkBytes: number = 1 << 16): StateMachine<LockShape> {
    const image = this.machine.image();
    const restore = lockMachine.restore(this.neighbours(), lockMachine.version);
    for (let chunk = image.next(chunkBytes); chunk !== null; chunk = image.next(chunkBytes)) restore.push(chunk);
    return restore.end();
  }
}

/** Both clocks by hand. */
export class HandClock implements Clock {
  private now = 1000;
  private wall = 5_000_000;
  private timers: { readonly atMs: number; readonly run: () => void }[] = [];

  nowMs(): number {
    return this.now;
  }

  wallMs(): number {
    return this.wall;
  }

  after(ms: number, run: () => void): () => void {
    const timer = { atMs: this.now + ms, run };
    this.timers.push(timer);
    return () => {
      this.timers = this.timers.filter((other) => other !== timer);
    };
  }

  endOfTurn(run: () => void): void {
    this.after(0, run);
  }

  /** Time passes, timers run when they are due, and what they started settles. */
  async pass(ms: number): Promise<void> {
    const endMs = this.now + ms;
    await settled();
    for (;;) {
      const next = this.timers.filter((timer) => timer.atMs <= endMs).sort((a, b) => a.atMs - b.atMs)[0];
      if (next === undefined) break;
      this.timers = this.timers.filter((timer) => timer !== next);
      this.tick(Math.max(0, next.atMs - this.now));
      next.run();
      await settled();
    }
    this.tick(endMs - this.now);
    await settled();
  }

  /** Time passes and no timer runs: a blocked event loop. */
  tick(ms: number): void {
    this.now += ms;
    this.wall += ms;
  }

  /** The machine sleeps, and the monotonic clock with it. */
  sleep(ms: number): void {
    this.wall += ms;
  }

  get timersSet(): number {
    return this.timers.length;
  }
}

/** Everything that needs no time has happened. */
export async function settled(): Promise<void> {
  for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve));
}

/** One client with one session. What it sends is applied at once, unless the test holds it back. */
export class TestCaller implements Caller {
  readonly commands: string[] = [];
  /** Set: calls of these kinds wait until `letGo`. */
  readonly heldBack: Set<string> = new Set();
  /** What `settle` was asked. */
  readonly settledNumbers: number[] = [];
  leaseEnd: number;
  readonly lease: SessionLease;
  private readonly log: LogOfOne;
  private readonly clock: HandClock;
  private readonly ended = new AbortController();
  private readonly renewedListeners = new Set<() => void>();
  private waiting: (() => void)[] = [];
  private lastNumber = 0;

  constructor(log: LogOfOne, clock: HandClock, session: number, ttlMs: number = 900) {
    this.log = log;
    this.clock = clock;
    this.leaseEnd = leaseEndMs(clock.nowMs(), ttlMs);
    this.lease = {
      id: session,
      ttlMs,
      leaseEndMs: () => this.leaseEnd,
      onRenewed: (told) => {
        this.renewedListeners.add(told);
        return () => this.renewedListeners.delete(told);
      },
      ended: this.ended.signal,
    };
  }

  /** A renewal that left now is confirmed. */
  renew(): void {
    this.leaseEnd = leaseEndMs(this.clock.nowMs(), this.lease.ttlMs);
    for (const told of this.renewedListeners) told();
  }

  end(): void {
    this.ended.abort();
  }

  letGo(): void {
    this.heldBack.clear();
    const { waiting } = this;
    this.waiting = [];
    for (const go of waiting) go();
  }

  async call(_machine: string, command: Uint8Array, options: CallOptions = {}): Promise<Reply> {
    const decoded = lockMachine.codecs.command.decode(command);
    const number = ++this.lastNumber;
    this.commands.push(decoded.kind);
    if (this.heldBack.has(decoded.kind)) await this.go(options.signal, { session: this.lease.id, number });
    if (this.ended.signal.aborted) throw new QuorateError("SESSION_ENDED", "not-applied", "the session is over");
    return this.reply(lockMachine.codecs.result.encode(this.log.apply(this.lease.id, decoded)));
  }

  async read(_machine: string, query: Uint8Array): Promise<Reply> {
    return this.reply(lockMachine.codecs.answer.encode(this.log.query(lockMachine.codecs.query.decode(query))));
  }

  async *watch(
    _machine: string,
    request: (afterRevision: number) => Uint8Array,
    options: CallOptions = {},
  ): AsyncGenerator<Reply, void, undefined> {
    const { codecs } = lockMachine;
    let wake: () => void = () => {};
    const watcher = this.log.machine.watch!(codecs.watch.decode(request(0)), () => wake());
    const { signal } = options;
    const stop = (): void => wake();
    signal?.addEventListener("abort", stop, { once: true });
    try {
      for (;;) {
        if (signal?.aborted === true) throw new QuorateError("ABORTED", "not-applied", "the signal fired");
        const woken = new Promise<void>((resolve) => (wake = resolve));
        const events = watcher.pull(1 << 16);
        for (const event of events)
          yield this.reply(codecs.event.encode(codecs.event.decode(codecs.event.encode(event))));
        if (events.length === 0) await woken;
      }
    } finally {
      signal?.removeEventListener("abort", stop);
      watcher.close();
    }
  }

  settle(request: RequestId): Promise<Settled> {
    this.settledNumbers.push(request.number);
    return Promise.resolve({ outcome: "not-applied" });
  }

  session(): Promise<SessionLease> {
    return Promise.resolve(this.lease);
  }

  private reply(bytes: Uint8Array): Reply {
    return { bytes, revision: this.log.revision, logTimeMs: this.log.logTimeMs };
  }

  /** Waits for `letGo`; an abort before that leaves the outcome unknown. */
  private go(signal: AbortSignal | undefined, request: RequestId): Promise<void> {
    return new Promise((resolve, reject) => {
      this.waiting.push(resolve);
      signal?.addEventListener(
        "abort",
        () => reject(new QuorateError("ABORTED", "unknown", "the signal fired", {}, request)),
        { once: true },
      );
    });
  }
}
