import {
  type BatchCommand,
  type QuorateError,
  type Reply,
  type RequestId,
  type Settlement,
  settlementError,
} from "@quorate/machine";
import type { Done } from "../disk/disk.ts";
import type { Answers } from "./answers.ts";

/** One request that somebody waits for. It is its own command in a batch. */
export interface Waiter extends BatchCommand {
  readonly request: RequestId;
  readonly releasedTo: number;
  readonly machine: string;
  readonly command: Uint8Array;
  /** Everybody who sent a copy while it was in flight. */
  readonly tell: Done<Reply>[];
  /** An engine took it: from now on only the log can say that it was not applied (rule 24). */
  handed: boolean;
  /** Everybody was told. */
  told: boolean;
}

/** Who waits for which request. Each is told once. */
export class Replies {
  readonly #answers: Answers;
  readonly #sessions = new Map<number, Map<number, Waiter>>();
  #count = 0;

  constructor(answers: Answers) {
    this.#answers = answers;
  }

  /** Requests that wait. */
  get count(): number {
    return this.#count;
  }

  find(request: RequestId): Waiter | undefined {
    return this.#sessions.get(request.session)?.get(request.number);
  }

  /** The request must not be waiting already. */
  add(request: RequestId, releasedTo: number, machine: string, command: Uint8Array, done: Done<Reply>): Waiter {
    const waiter: Waiter = { request, releasedTo, machine, command, tell: [done], handed: false, told: false };
    const numbers = this.#sessions.get(request.session);
    if (numbers === undefined) this.#sessions.set(request.session, new Map([[request.number, waiter]]));
    else numbers.set(request.number, waiter);
    this.#count += 1;
    return waiter;
  }

  /** What the log said of a request, in slot order; whoever waits for it is told. */
  settle(request: RequestId, settlement: Settlement): void {
    if (this.#count === 0) return;
    const waiter = this.find(request);
    if (waiter === undefined) return;
    const error = settlementError(request, settlement);
    if (error !== null) return this.#tell(waiter, error, undefined as unknown as Reply);
    const { bytes, revision, logTimeMs } = settlement;
    this.#tell(waiter, null, { bytes, revision, logTimeMs });
  }

  refuse(waiter: Waiter, error: QuorateError): void {
    if (!waiter.told) this.#tell(waiter, error, undefined as unknown as Reply);
  }

  /** Everybody who waits is refused. */
  refuseAll(errorOf: (waiter: Waiter) => QuorateError): void {
    for (const numbers of [...this.#sessions.values()]) {
      for (const waiter of [...numbers.values()]) this.refuse(waiter, errorOf(waiter));
    }
  }

  /** Everybody whose request an engine took is refused; who waits for a batch goes on waiting. */
  refuseAllHanded(errorOf: (request: RequestId) => QuorateError): void {
    for (const numbers of [...this.#sessions.values()]) {
      for (const waiter of [...numbers.values()]) if (waiter.handed) this.refuse(waiter, errorOf(waiter.request));
    }
  }

  #tell(waiter: Waiter, error: QuorateError | null, reply: Reply): void {
    waiter.told = true;
    this.#count -= 1;
    const numbers = this.#sessions.get(waiter.request.session);
    numbers?.delete(waiter.request.number);
    if (numbers?.size === 0) this.#sessions.delete(waiter.request.session);
    for (const done of waiter.tell) this.#answers.add(done, error, reply);
  }
}
