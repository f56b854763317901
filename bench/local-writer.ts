import { kvMachine, operation } from "@quorate/kv";
import type { Done, Replica } from "@quorate/log";
import { type Reply, type RequestId, SESSION_MACHINE, sessionCommands } from "@quorate/machine";

const SESSION_TTL_MS = 3_600_000;
const AGAIN_MS = 20;
const { command } = kvMachine().codecs;

/** Puts keys through a replica of this process: no socket, no client, so that the log and the machine are what is measured. */
export class LocalWriter {
  readonly #replica: Replica;
  readonly #depth: number;
  readonly #session: number;
  #number = 0;
  #releasedTo = 0;
  readonly #done = new Set<number>();

  private constructor(replica: Replica, depth: number, session: number) {
    this.#replica = replica;
    this.#depth = depth;
    this.#session = session;
  }

  /** @param depth - puts under way at a time; below 1,000. */
  static async open(replica: Replica, depth: number): Promise<LocalWriter> {
    const number = 1 + Math.floor(Math.random() * 2 ** 47);
    const command = sessionCommands.encodeOpen({ ttlMs: SESSION_TTL_MS });
    const opened = await new Promise<number>((resolve, reject) =>
      submit(replica, { session: 0, number }, 0, SESSION_MACHINE, command, (error, reply) =>
        error === null ? resolve(reply.revision) : reject(error),
      ),
    );
    return new LocalWriter(replica, depth, opened);
  }

  /** Resolves when `count` puts are acknowledged, or when `ended` says so; how many were. */
  write(
    count: number,
    keyOf: (put: number) => string,
    value: Uint8Array,
    ended: () => boolean = () => false,
  ): Promise<number> {
    let begun = 0;
    let finished = 0;
    return new Promise((resolve, reject) => {
      const feed = (): void => {
        while (begun < count && begun - finished < this.#depth && !ended()) {
          const put = command.encode(operation.put(keyOf(begun), value).tuple);
          this.#submit(put, (error) => {
            if (error !== null) return reject(error);
            finished += 1;
            feed();
          });
          begun += 1;
        }
        if (finished === begun) resolve(finished);
      };
      feed();
    });
  }

  #submit(put: Uint8Array, done: (error: Error | null) => void): void {
    const number = (this.#number += 1);
    submit(this.#replica, { session: this.#session, number }, this.#releasedTo, "kv", put, (error) => {
      this.#done.add(number);
      while (this.#done.delete(this.#releasedTo + 1)) this.#releasedTo += 1;
      done(error);
    });
  }
}

/** Submits, and again under the same number while there is no leader, as clients do: on a busy machine a lead may end for a moment. */
function submit(
  replica: Replica,
  request: RequestId,
  releasedTo: number,
  machine: string,
  command: Uint8Array,
  done: Done<Reply>,
): void {
  replica.submit(request, releasedTo, machine, command, (error, reply) => {
    if (error?.code !== "NO_LEADER" && error?.code !== "OVERLOADED") return done(error, reply);
    setTimeout(() => submit(replica, request, releasedTo, machine, command, done), AGAIN_MS);
  });
}
