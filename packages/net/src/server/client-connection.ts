import type { ClientFrame, ServerFrame } from "@quorate/client";
import { QuorateError, type Reply } from "@quorate/machine";
import { decodeClientFrames, decodeClientHello, encodeServerFrames, encodeServerHello } from "../codec/index.ts";
import { CloseCode, refuseClient, refuseFrame } from "../handshake.ts";
import { TURN_MESSAGE_BYTES_MAX } from "../limits.ts";
import { createTurnWriter, type TurnWriter } from "../turn-writer.ts";
import type { Socket, SocketEvents } from "../websocket/socket.ts";
import { type Asking, errorFrame, type PortContext, type Served } from "./port-context.ts";
import { ServedWatch } from "./served-watch.ts";

/**
 * One client's connection. A frame that breaks the protocol ends it, and nothing else notices. Requests that it began go on when it ends:
 * whether they are applied is the log's affair, and the client asks again elsewhere with the same number.
 */
export class ClientConnection {
  readonly #port: PortContext;
  readonly #socket: Socket;
  readonly #writer: TurnWriter<ServerFrame>;
  /** Calls and reads that wait for their answer. */
  readonly #inFlight = new Set<number>();
  readonly #watches = new Map<number, ServedWatch>();
  /** A part of a snapshot is being made or read. */
  #givesSnapshot = false;
  #greeted = false;
  #closed = false;
  #heardMs: number;

  constructor(port: PortContext, make: (events: SocketEvents) => Socket) {
    this.#port = port;
    this.#heardMs = port.clock.nowMs();
    this.#socket = make({
      opened: () => undefined,
      message: (bytes) => this.#message(bytes),
      alive: () => {
        this.#heardMs = this.#port.clock.nowMs();
      },
      drained: () => this.#pullWatches(),
      closed: () => this.#gone(),
    });
    this.#writer = createTurnWriter<ServerFrame>({
      clock: port.clock,
      socket: this.#socket,
      encode: encodeServerFrames,
      messageBytesMax: TURN_MESSAGE_BYTES_MAX,
      queueBytesMax: port.limits.clientQueueBytesMax,
      shed: (queuedBytes) => {
        port.counters.add("shed-slow-clients");
        this.close(CloseCode.slow, `${queuedBytes} bytes wait to be taken: this client is too slow`);
      },
    });
  }

  close(code: number, reason: string): void {
    if (this.#closed) return;
    this.#writer.flush();
    this.#socket.close(code, reason);
    this.#gone();
  }

  /** Ends a connection that has said nothing for too long. */
  checkSilence(nowMs: number): void {
    const { limits, counters } = this.#port;
    const silentMs = nowMs - this.#heardMs;
    if (silentMs < (this.#greeted ? limits.clientSilenceMs : limits.helloMs)) return;
    counters.add(this.#greeted ? "closed-silent-clients" : "refused-without-hello");
    this.close(CloseCode.silent, this.#greeted ? "silent for too long" : "no hello came");
    this.#socket.terminate();
  }

  #message(bytes: Uint8Array): void {
    if (this.#closed) return;
    let frames: readonly ClientFrame[];
    try {
      if (!this.#greeted) return this.#greet(bytes);
      frames = decodeClientFrames(bytes);
    } catch (error) {
      const { code, reason, counter } = refuseFrame(error);
      this.#port.counters.add(counter);
      return this.close(code, reason);
    }
    for (const frame of frames) {
      if (this.#closed) return;
      this.#take(frame);
    }
  }

  #greet(bytes: Uint8Array): void {
    const { self, endpoints, counters } = this.#port;
    const refusal = refuseClient(self, decodeClientHello(bytes));
    if (refusal !== null) {
      counters.add(refusal.counter);
      return this.close(refusal.code, refusal.reason);
    }
    this.#greeted = true;
    const all = [...endpoints].map(([node, endpoint]) => ({ node, endpoint }));
    this.#socket.send(encodeServerHello({ cluster: self.cluster, node: self.node, endpoints: all }));
  }

  #take(frame: ClientFrame): void {
    switch (frame.kind) {
      case "call":
      case "read":
      case "watch":
      case "snapshot":
        return this.#ask(frame);
      case "more":
        return this.#watches.get(frame.id)?.more(frame.bytes);
      case "cancel":
        this.#inFlight.delete(frame.id);
        this.#watches.get(frame.id)?.close();
        this.#watches.delete(frame.id);
        return;
      case "status":
        return this.#writer.write({ kind: "status", id: frame.id, status: this.#port.status() });
      case "ping":
        return this.#writer.write({ kind: "pong", id: frame.id });
    }
  }

  #ask(frame: Asking): void {
    const { limits, counters, self } = this.#port;
    if (this.#inFlight.has(frame.id) || this.#watches.has(frame.id)) {
      counters.add("bad-frames");
      return this.close(CloseCode.badFrame, `id ${frame.id} is in use`);
    }
    const replica = this.#port.replica();
    if (replica === null) {
      const message = `node ${self.node} does not serve yet: its cluster is not formed, or it is still starting`;
      return this.#refuse(frame.id, new QuorateError("NOT_FORMED", "not-applied", message));
    }
    const full =
      frame.kind === "watch" ? this.#watches.size >= limits.watchesMax : this.#inFlight.size >= limits.inFlightMax;
    if (full) {
      counters.add(frame.kind === "watch" ? "refused-watches" : "refused-in-flight");
      const message = `too many ${frame.kind === "watch" ? "watches" : "requests"} on one connection to node ${self.node}`;
      return this.#refuse(frame.id, new QuorateError("OVERLOADED", "not-applied", message));
    }
    if (frame.kind === "watch") return this.#watch(frame, replica);
    if (frame.kind === "snapshot") return this.#snapshot(frame, replica);
    this.#inFlight.add(frame.id);
    const done = (error: QuorateError | null, reply: Reply): void => {
      if (!this.#inFlight.delete(frame.id)) return;
      if (error !== null) return this.#refuse(frame.id, error);
      const { bytes, revision, logTimeMs } = reply;
      this.#writer.write({ kind: "reply", id: frame.id, revision, logTimeMs, bytes });
    };
    if (frame.kind === "call") {
      const request = { session: frame.session, number: frame.number };
      replica.submit(request, frame.releasedTo, frame.machine, frame.command, done);
    } else {
      replica.read(frame.level, frame.minRevision, frame.machine, frame.query, done);
    }
  }

  /** One part at a time: the next is read from the disk when the client has the last. */
  #snapshot(frame: Extract<Asking, { kind: "snapshot" }>, replica: Served): void {
    const { id, slot, position, minRevision } = frame;
    if (this.#givesSnapshot) {
      const message = `node ${this.#port.self.node} gives a client one part of a snapshot at a time: ask when the last has come`;
      return this.#refuse(id, new QuorateError("OVERLOADED", "not-applied", message));
    }
    this.#givesSnapshot = true;
    this.#inFlight.add(id);
    replica.snapshot(slot, position, minRevision, (error, chunk) => {
      this.#givesSnapshot = false;
      if (!this.#inFlight.delete(id)) return;
      if (error !== null) return this.#refuse(id, error);
      this.#writer.write({ ...chunk, kind: "snapshot", id });
    });
  }

  #watch(frame: Extract<Asking, { kind: "watch" }>, replica: Served): void {
    const { limits, clock } = this.#port;
    const watch = new ServedWatch({
      id: frame.id,
      windowBytes: frame.windowBytes,
      pullBytes: limits.pullBytes,
      clock,
      revision: () => replica.status().revision,
      hasRoom: () => this.#socket.queuedBytes < limits.watchRoomBytes,
      write: (event) => this.#writer.write(event),
      ended: () => this.#watches.delete(frame.id),
    });
    this.#watches.set(frame.id, watch);
    replica.watch(
      frame.minRevision,
      frame.machine,
      frame.request,
      () => watch.wake(),
      (error, watcher) => {
        if (error === null) return watch.started(watcher);
        if (this.#watches.delete(frame.id)) this.#refuse(frame.id, error);
      },
    );
  }

  #pullWatches(): void {
    for (const watch of [...this.#watches.values()]) watch.pull();
  }

  #refuse(id: number, error: QuorateError): void {
    if (!this.#closed) this.#writer.write(errorFrame(id, error, this.#port.replica()?.status().leader ?? 0));
  }

  #gone(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#writer.close();
    this.#inFlight.clear();
    for (const watch of this.#watches.values()) watch.close();
    this.#watches.clear();
    this.#port.gone(this);
  }
}
