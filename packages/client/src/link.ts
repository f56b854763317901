import type { Clock } from "@quorate/machine";
import type { ClientFrame, Connection, ConnectionEnd, Dial, ServerFrame, ServerHello } from "./dial.ts";
import { pauseMs } from "./keyed-random.ts";
import type { ClientLimits } from "./limits.ts";

/** What waits for an answer under one id of one connection. */
export interface Exchange {
  received(frame: ServerFrame, link: Link): void;
  /** The connection ended, and whether the frame arrived is not known. */
  lost(why: string): void;
}

/** How an endpoint stands, for people and programs. */
export interface EndpointStatus {
  readonly endpoint: string;
  /** As its replica said; 0: never heard. */
  readonly node: number;
  readonly state: "open" | "dialling" | "idle";
  /** Why it could not be used last; empty: nothing is known against it. */
  readonly why: string;
}

/** What a link is made of. */
export interface LinkOptions {
  readonly endpoint: string;
  readonly index: number;
  readonly dial: Dial;
  readonly clock: Clock;
  readonly seed: number;
  readonly limits: ClientLimits;
  opened(link: Link, hello: ServerHello): void;
  closed(link: Link): void;
}

/** One endpoint and the connection to it, if there is one: matches answers to what was asked. */
export class Link {
  readonly endpoint: string;
  /** The node that answers there; 0 until its hello. */
  node = 0;
  /** Why it was of no use last; empty: nothing against it. */
  why = "";
  /** `WRONG_CLUSTER` or `DENIED`: asking again changes nothing. */
  verdict: ConnectionEnd["code"] = "";
  state: "open" | "dialling" | "idle" = "idle";
  /** Not dialled again before this. */
  dialFromMs = 0;
  dialledMs: number = -Infinity;
  readonly #options: LinkOptions;
  readonly #exchanges = new Map<number, Exchange>();
  #connection: Connection | null = null;
  #nextId = 1;
  #attempt = 0;
  #heard = false;
  #heardMs = 0;

  constructor(options: LinkOptions) {
    this.endpoint = options.endpoint;
    this.#options = options;
  }

  get isOpen(): boolean {
    return this.state === "open";
  }

  /** Waits for answers, or serves watches. */
  get isBusy(): boolean {
    return this.#exchanges.size > 0;
  }

  dial(): void {
    if (this.state !== "idle") return;
    const { dial, clock, opened } = this.#options;
    this.state = "dialling";
    this.dialledMs = clock.nowMs();
    const connection: Connection = dial(this.endpoint, {
      opened: (hello) => {
        if (this.#connection !== connection) return;
        this.state = "open";
        this.node = hello.node;
        this.#attempt = 0;
        this.why = "";
        this.verdict = "";
        this.#heardMs = clock.nowMs();
        opened(this, hello);
      },
      received: (frame) => {
        if (this.#connection !== connection) return;
        this.#heard = true;
        const exchange = this.#exchanges.get(frame.id);
        if (exchange === undefined) return;
        if (frame.kind !== "event") this.#exchanges.delete(frame.id);
        exchange.received(frame, this);
      },
      closed: ({ code, why }) => {
        if (this.#connection === connection) this.#end(code, why);
      },
    });
    this.#connection = connection;
  }

  /** Sends what `frame` makes of a fresh id, which is returned. */
  ask(frame: (id: number) => ClientFrame, exchange: Exchange): number {
    const id = this.#nextId++;
    this.#exchanges.set(id, exchange);
    this.#connection?.send(frame(id));
    return id;
  }

  tell(frame: ClientFrame): void {
    this.#connection?.send(frame);
  }

  /** The answer is not awaited any more. */
  forget(id: number): void {
    if (this.#exchanges.delete(id)) this.#connection?.send({ kind: "cancel", id });
  }

  /** Pings a silent connection, and gives up a dead one. */
  checkSilence(nowMs: number): void {
    if (this.state !== "open") return;
    const { limits } = this.#options;
    if (this.#heard) {
      this.#heard = false;
      this.#heardMs = nowMs;
    }
    const silentMs = nowMs - this.#heardMs;
    if (silentMs >= limits.silenceMs) return this.fail(`silent for ${Math.round(silentMs)} ms`);
    if (silentMs >= limits.pingMs) this.tell({ kind: "ping", id: this.#nextId++ });
  }

  /** Gives the connection up. */
  fail(why: string): void {
    this.#connection?.close();
    this.#end("", why);
  }

  /** Ends it for good, in silence. */
  close(): void {
    this.#connection?.close();
    this.#connection = null;
    this.state = "idle";
    this.#exchanges.clear();
  }

  status(): EndpointStatus {
    return { endpoint: this.endpoint, node: this.node, state: this.state, why: this.why };
  }

  #end(code: ConnectionEnd["code"], why: string): void {
    const { clock, limits, seed, index, closed } = this.#options;
    const wasOpen = this.state === "open";
    this.#connection = null;
    this.state = "idle";
    this.why = why;
    this.verdict = code;
    // A connection that worked is tried again at once; what fails is left alone for longer and longer.
    const pause = pauseMs(limits.redialMsMin, limits.redialMsMax, this.#attempt, seed, index);
    this.dialFromMs = clock.nowMs() + (wasOpen ? 0 : pause);
    this.#attempt += 1;
    const exchanges = [...this.#exchanges.values()];
    this.#exchanges.clear();
    closed(this);
    for (const exchange of exchanges) exchange.lost(why);
  }
}
