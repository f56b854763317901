import type { Caller, Image, MachineDefinition, Reply, StateMachine } from "@quorate/machine";
import { type KvLimits, kvMachine, type KvShape } from "@quorate/kv";

const encoder = new TextEncoder();

export function bytes(text: string): Uint8Array {
  return encoder.encode(text);
}

/** All bytes of an image, pulled in chunks of this size. */
export function imageBytes(image: Image, chunkBytes: number = 1 << 16): Uint8Array {
  const chunks: Uint8Array[] = [];
  for (let chunk = image.next(chunkBytes); chunk !== null; chunk = image.next(chunkBytes)) chunks.push(chunk);
  image.release();
  return Buffer.concat(chunks);
}

/** A log with one replica and no network: steps are counted, log time is set by hand. */
export class LogOfOne {
  readonly definition: MachineDefinition<KvShape>;
  readonly liveSessions: Set<number> = new Set([1]);
  readonly heldLocks: Map<string, number> = new Map();
  machine: StateMachine<KvShape>;
  revision = 1;
  logTimeMs = 0;
  /** Watches of clients that are to be cut: each waits for this to be called. */
  readonly cuts: (() => void)[] = [];

  constructor(limits: Partial<KvLimits> = {}) {
    this.definition = kvMachine(limits);
    this.machine = this.definition.create(this.neighbours());
  }

  neighbours(): Parameters<MachineDefinition<KvShape>["create"]>[0] {
    return {
      holdsLock: (lock, token) => this.heldLocks.get(lock) === token,
      sessionLives: (session) => this.liveSessions.has(session),
    };
  }

  apply(command: KvShape["command"], session: number = 1): KvShape["result"] {
    this.revision += 1;
    return this.machine.apply(command, { revision: this.revision, logTimeMs: this.logTimeMs, session });
  }

  put(key: string, value: string): KvShape["result"] {
    return this.apply([1, key, bytes(value), 0, 0]);
  }

  advanceTo(logTimeMs: number): void {
    this.revision += 1;
    this.logTimeMs = logTimeMs;
    this.machine.advance?.({ revision: this.revision, logTimeMs, session: 0 });
  }

  endSession(session: number): void {
    this.revision += 1;
    this.liveSessions.delete(session);
    this.machine.sessionEnded?.(session, { revision: this.revision, logTimeMs: this.logTimeMs, session });
  }

  query(query: KvShape["query"]): KvShape["answer"] {
    const answer = this.machine.query?.(query);
    if (answer === undefined) throw new Error("the machine answers no queries");
    return answer;
  }

  /** The machine that stands at the end of the image of this one. */
  restored(chunkBytes: number = 1 << 16): StateMachine<KvShape> {
    const image = this.machine.image();
    const restore = this.definition.restore(this.neighbours(), this.definition.version);
    for (let chunk = image.next(chunkBytes); chunk !== null; chunk = image.next(chunkBytes)) restore.push(chunk);
    return restore.end();
  }

  /** A caller of session 1. Everything passes through the codecs, as it does on a wire. */
  caller(watchBytesMax: number = 1 << 16): Caller {
    const { codecs } = this.definition;
    const reply = (encoded: Uint8Array): Reply => ({
      bytes: encoded,
      revision: this.revision,
      logTimeMs: this.logTimeMs,
    });
    return {
      call: async (_machine, command) => reply(codecs.result.encode(this.apply(codecs.command.decode(command)))),
      read: async (_machine, query) => reply(codecs.answer.encode(this.query(codecs.query.decode(query)))),
      watch: (_machine, request) => this.#watch(request, reply, watchBytesMax),
      settle: () => Promise.reject(new Error("nothing is unknown here")),
      session: () => Promise.reject(new Error("session 1 is open")),
    };
  }

  async *#watch(
    request: (afterRevision: number) => Uint8Array,
    reply: (encoded: Uint8Array) => Reply,
    bytesMax: number,
  ): AsyncGenerator<Reply, void, undefined> {
    const { codecs } = this.definition;
    for (;;) {
      let told: () => void = () => undefined;
      let isCut = false;
      const watcher = this.machine.watch?.(codecs.watch.decode(request(this.revision)), () => told());
      if (watcher === undefined) throw new Error("the machine has no watches");
      this.cuts.push(() => {
        isCut = true;
        told();
      });
      try {
        while (!isCut) {
          const woken = new Promise<void>((resolve) => (told = resolve));
          const events = watcher.pull(bytesMax);
          for (const event of events) yield reply(codecs.event.encode(event));
          if (events.length === 0 && !isCut) await woken;
        }
      } finally {
        watcher.close();
      }
    }
  }
}
