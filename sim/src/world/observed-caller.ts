import type {
  Caller,
  CallOptions,
  QuorateError,
  ReadLevel,
  ReadOptions,
  Reply,
  RequestId,
  SessionLease,
  Settled,
} from "@quorate/machine";
import type { CallKind } from "./observer.ts";

/** Who is told of the calls of one client. */
export interface CallObserver {
  /** Returns the number that the call goes by. */
  invoked(kind: CallKind, machine: string, level: ReadLevel | null): number;
  answered(call: number, reply: Reply): void;
  /** A command was carried out. */
  replied(machine: string, reply: Reply): void;
  /** A query was answered. */
  shown(machine: string, query: Uint8Array, reply: Reply): void;
  failed(call: number, error: QuorateError): void;
}

/** A caller that shows what is asked of it and what comes back, before its user sees it. */
export class ObservedCaller implements Caller {
  readonly #inner: Caller;
  readonly #observer: CallObserver;

  constructor(inner: Caller, observer: CallObserver) {
    this.#inner = inner;
    this.#observer = observer;
  }

  call(machine: string, command: Uint8Array, options?: CallOptions): Promise<Reply> {
    const call = this.#observer.invoked("call", machine, null);
    const told = (reply: Reply): void => this.#observer.replied(machine, reply);
    return this.#shown(call, this.#inner.call(machine, command, options), told);
  }

  read(machine: string, query: Uint8Array, options?: ReadOptions): Promise<Reply> {
    const call = this.#observer.invoked("read", machine, options?.level ?? "linearizable");
    const told = (reply: Reply): void => this.#observer.shown(machine, query, reply);
    return this.#shown(call, this.#inner.read(machine, query, options), told);
  }

  watch(machine: string, request: (afterRevision: number) => Uint8Array, options?: CallOptions): AsyncIterable<Reply> {
    this.#observer.invoked("watch", machine, null);
    return this.#inner.watch(machine, request, options);
  }

  settle(request: RequestId, options?: CallOptions): Promise<Settled> {
    return this.#inner.settle(request, options);
  }

  session(options?: CallOptions): Promise<SessionLease> {
    return this.#inner.session(options);
  }

  #shown(call: number, reply: Promise<Reply>, told: (reply: Reply) => void): Promise<Reply> {
    reply.then(
      (value) => {
        told(value);
        this.#observer.answered(call, value);
      },
      (error: QuorateError) => this.#observer.failed(call, error),
    );
    return reply;
  }
}
