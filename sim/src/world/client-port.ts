import type { ClientFrame, ServerFrame } from "@quorate/client";
import type { Replica } from "@quorate/log";
import { QuorateError, type Reply } from "@quorate/machine";
import type { Process } from "./process.ts";
import { ServedWatch } from "./served-watch.ts";

/** Where a node answers the frames of one client's connection: what the server of production does, without its sockets and limits. */
export class ClientPort {
  readonly #node: number;
  readonly #process: Process;
  readonly #replica: () => Replica | null;
  readonly #levelPlanted: boolean;
  readonly #send: (frames: readonly ServerFrame[]) => void;
  readonly #waiting = new Set<number>();
  readonly #watches = new Map<number, ServedWatch>();
  #outgoing: ServerFrame[] = [];

  constructor(options: {
    readonly node: number;
    readonly process: Process;
    readonly replica: () => Replica | null;
    /** Planted mistake: linearizable reads are answered from whatever is here. */
    readonly readsAreStale: boolean;
    readonly send: (frames: readonly ServerFrame[]) => void;
  }) {
    this.#node = options.node;
    this.#process = options.process;
    this.#replica = options.replica;
    this.#levelPlanted = options.readsAreStale;
    this.#send = options.send;
  }

  take(frames: readonly ClientFrame[]): void {
    for (const frame of frames) this.#take(frame);
  }

  close(): void {
    for (const watch of this.#watches.values()) watch.close();
    this.#watches.clear();
    this.#waiting.clear();
  }

  #take(frame: ClientFrame): void {
    switch (frame.kind) {
      case "more":
        return this.#watches.get(frame.id)?.more(frame.bytes);
      case "cancel":
        this.#waiting.delete(frame.id);
        this.#watches.get(frame.id)?.close();
        this.#watches.delete(frame.id);
        return;
      case "status":
        return this.#write({ kind: "status", id: frame.id, status: {} });
      case "snapshot":
        // No simulated client saves one.
        return this.#refuse(frame.id, new QuorateError("BAD_COMMAND", "not-applied", "this node gives no snapshots"));
      case "ping":
        return this.#write({ kind: "pong", id: frame.id });
      default:
        return this.#ask(frame);
    }
  }

  #ask(frame: Extract<ClientFrame, { kind: "call" | "read" | "watch" }>): void {
    const replica = this.#replica();
    if (replica === null) {
      return this.#refuse(
        frame.id,
        new QuorateError("NOT_FORMED", "not-applied", `node ${this.#node} does not serve yet`),
      );
    }
    if (frame.kind === "watch") return this.#watch(frame, replica);
    this.#waiting.add(frame.id);
    const done = (error: QuorateError | null, reply: Reply): void => {
      if (!this.#waiting.delete(frame.id)) return;
      if (error !== null) return this.#refuse(frame.id, error);
      const { bytes, revision, logTimeMs } = reply;
      this.#write({ kind: "reply", id: frame.id, revision, logTimeMs, bytes });
    };
    if (frame.kind === "call") {
      const request = { session: frame.session, number: frame.number };
      replica.submit(request, frame.releasedTo, frame.machine, frame.command, done);
    } else {
      const level = this.#levelPlanted ? "stale" : frame.level;
      replica.read(level, frame.minRevision, frame.machine, frame.query, done);
    }
  }

  #watch(frame: Extract<ClientFrame, { kind: "watch" }>, replica: Replica): void {
    const { id, windowBytes, minRevision, machine, request } = frame;
    const watch = new ServedWatch(
      id,
      windowBytes,
      () => replica.state().revision,
      (event) => this.#write(event),
    );
    this.#watches.set(id, watch);
    const wake = (): void => this.#process.clock.endOfTurn(() => watch.pull());
    replica.watch(minRevision, machine, request, wake, (error, watcher) => {
      if (error === null) return watch.started(watcher);
      if (this.#watches.delete(id)) this.#refuse(id, error);
    });
  }

  #refuse(id: number, error: QuorateError): void {
    const hint = error.detail["leader"];
    this.#write({
      kind: "error",
      id,
      code: error.code,
      outcome: error.outcome,
      settled: error.request !== null && error.detail["revision"] !== undefined,
      message: error.message,
      leader: typeof hint === "number" ? hint : 0,
    });
  }

  #write(frame: ServerFrame): void {
    this.#outgoing.push(frame);
    if (this.#outgoing.length === 1) this.#process.clock.endOfTurn(this.#flush);
  }

  readonly #flush = (): void => {
    const frames = this.#outgoing;
    this.#outgoing = [];
    this.#send(frames);
  };
}
