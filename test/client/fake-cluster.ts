import type { CallFrame, ClientFrame, ConnectionEvents, Dial, ErrorFrame, ServerFrame } from "@quorate/client";
import { SESSION_MACHINE, sessionCommands, sessionResults } from "@quorate/machine";
import type { FakeClock } from "./fake-clock.ts";

/** What the fake log holds of one request. */
interface Kept {
  readonly bytes: Uint8Array;
  readonly revision: number;
}

interface FakeConnection {
  readonly node: number;
  readonly events: ConnectionEvents;
  open: boolean;
}

const encoder = new TextEncoder();

/**
 * Replicas as a client sees them, with a log that is always of one mind: calls append their bytes to `applied`, once, and are answered with
 * "done " and what they said. A test bends it through its fields.
 */
export class FakeCluster {
  readonly clock: FakeClock;
  leader = 1;
  /** Nodes that do not run. */
  readonly down = new Set<number>();
  /** Nodes that take frames and do nothing. */
  readonly deaf = new Set<number>();
  /** Decides about a frame before the replica does: true: the replica never sees it. */
  intercept: ((frame: ClientFrame, connection: FakeConnection) => boolean) | null = null;
  /** Answers are applied and then lost. */
  losesReplies = false;
  readonly frames: { node: number; frame: ClientFrame }[] = [];
  readonly applied: string[] = [];
  readonly releases: number[] = [];
  readonly liveSessions = new Set<number>();
  ttlMs = 10_000;
  revision = 0;
  dials = 0;
  readonly #nodes: number;
  readonly #kept = new Map<string, Kept | "burnt">();
  readonly #connections = new Set<FakeConnection>();

  constructor(clock: FakeClock, nodes: number) {
    this.clock = clock;
    this.#nodes = nodes;
  }

  get endpoints(): string[] {
    return Array.from({ length: this.#nodes }, (_none, index) => `fake://${index + 1}`);
  }

  readonly dial: Dial = (endpoint, events) => {
    const node = Number(endpoint.slice("fake://".length));
    const connection: FakeConnection = { node, events, open: false };
    let closed = false;
    this.dials += 1;
    this.clock.endOfTurn(() => {
      if (closed) return;
      if (this.down.has(node)) {
        closed = true;
        return events.closed({ code: "", why: "connection refused" });
      }
      connection.open = true;
      this.#connections.add(connection);
      const endpoints = this.endpoints.map((told, index) => ({ node: index + 1, endpoint: told }));
      events.opened({ cluster: "fake", node, endpoints });
    });
    return {
      send: (frame) => {
        this.clock.endOfTurn(() => {
          if (connection.open) this.#take(connection, frame);
        });
      },
      queuedBytes: 0,
      close: () => {
        closed = true;
        connection.open = false;
        this.#connections.delete(connection);
      },
    };
  };

  /** Every connection to `node` breaks. */
  cut(node: number, why = "connection reset"): void {
    for (const connection of [...this.#connections]) {
      if (connection.node !== node) continue;
      connection.open = false;
      this.#connections.delete(connection);
      this.clock.endOfTurn(() => connection.events.closed({ code: "", why }));
    }
  }

  stop(node: number): void {
    this.down.add(node);
    this.cut(node);
  }

  answer(connection: FakeConnection, frame: ServerFrame): void {
    this.clock.endOfTurn(() => {
      if (connection.open) connection.events.received(frame);
    });
  }

  refuse(connection: FakeConnection, id: number, error: Partial<ErrorFrame> & { code: string }): void {
    const rest = { outcome: "not-applied" as const, settled: false, message: "refused by the test", leader: 0 };
    this.answer(connection, { kind: "error", id, ...rest, ...error });
  }

  /** Calls that replicas saw, those of sessions left out. */
  calls(): CallFrame[] {
    return this.frames.flatMap(({ frame }) =>
      frame.kind === "call" && frame.machine !== SESSION_MACHINE ? [frame] : [],
    );
  }

  #take(connection: FakeConnection, frame: ClientFrame): void {
    this.frames.push({ node: connection.node, frame });
    if (this.deaf.has(connection.node)) return;
    if (this.intercept?.(frame, connection) === true) return;
    switch (frame.kind) {
      case "ping":
        return this.answer(connection, { kind: "pong", id: frame.id });
      case "status":
        return this.answer(connection, { kind: "status", id: frame.id, status: { node: connection.node } });
      case "read": {
        const { id, query: bytes } = frame;
        return this.answer(connection, { kind: "reply", id, revision: this.revision, logTimeMs: 0, bytes });
      }
      case "call":
        return this.#call(connection, frame);
      default:
        return;
    }
  }

  #call(connection: FakeConnection, frame: CallFrame): void {
    const { id } = frame;
    if (connection.node !== this.leader) {
      return this.refuse(connection, id, { code: "NO_LEADER", leader: this.leader, message: "does not lead" });
    }
    if (frame.session !== 0 && !this.liveSessions.has(frame.session)) {
      return this.refuse(connection, id, { code: "SESSION_ENDED", outcome: "unknown", settled: true });
    }
    if (frame.session !== 0) this.releases.push(frame.releasedTo);
    const kept = this.#apply(frame);
    if (kept === "burnt") return this.refuse(connection, id, { code: "BURNT", settled: true });
    if (this.losesReplies) return;
    this.answer(connection, { kind: "reply", id, revision: kept.revision, logTimeMs: 0, bytes: kept.bytes });
  }

  #apply(frame: CallFrame): Kept | "burnt" {
    const key = `${frame.session}/${frame.number}`;
    const known = this.#kept.get(key);
    if (known !== undefined) return known;
    this.revision += 1;
    const kept = { bytes: this.#result(frame), revision: this.revision };
    this.#kept.set(key, kept);
    return kept;
  }

  #result(frame: CallFrame): Uint8Array {
    if (frame.machine !== SESSION_MACHINE) {
      const words = new TextDecoder().decode(frame.command);
      this.applied.push(words);
      return encoder.encode(`done ${words}`);
    }
    const command = sessionCommands.decode(frame.command);
    switch (command.kind) {
      case "open":
        this.liveSessions.add(this.revision);
        return sessionResults.encodeOpened({ session: this.revision, ttlMs: this.ttlMs });
      case "renew":
        return sessionResults.encodeRenewed({ ttlMs: this.ttlMs, expiresAtLogTimeMs: 1e9 });
      case "close":
        this.liveSessions.delete(frame.session);
        return sessionResults.encodeClosed();
      case "settle": {
        const key = `${frame.session}/${command.number}`;
        const known = this.#kept.get(key);
        if (known === undefined || known === "burnt") {
          this.#kept.set(key, "burnt");
          return sessionResults.encodeSettled({ outcome: "not-applied" });
        }
        const { bytes, revision } = known;
        return sessionResults.encodeSettled({
          outcome: "applied",
          settlement: { error: "", bytes, revision, logTimeMs: 0 },
        });
      }
    }
  }
}
