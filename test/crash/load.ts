import { connect, type Quorate, QuorateError } from "quorate";
import type { Operation } from "./operations.ts";

const KEYS = 256;

/** Callers that write and read until they are told to stop, each after its own last answer. */
export class Load {
  readonly operations: Operation[] = [];
  /** When each write was acknowledged, in order. */
  readonly acknowledgedMs: number[] = [];
  acknowledged = 0;
  unknown = 0;
  failed = 0;
  private stopping = false;
  private readonly clients: Quorate[];
  private readonly callers: Promise<void>[];
  private written = 0;

  constructor(endpoints: readonly string[], callers: number, connections: number) {
    this.clients = Array.from({ length: connections }, () => connect(endpoints));
    this.callers = Array.from({ length: callers }, (_, index) => this.caller(index));
  }

  async stop(): Promise<void> {
    this.stopping = true;
    await Promise.all(this.callers);
    await Promise.all(this.clients.map((client) => client.close()));
  }

  private async caller(process: number): Promise<void> {
    const client = this.clients[process % this.clients.length]!;
    for (let turn = 0; !this.stopping; turn++) {
      const key = `key-${(process * 31 + turn * 17) % KEYS}`;
      const kind = turn % 4 === 3 ? "get" : turn % 16 === 6 ? "cas" : "put";
      const operation: Operation = {
        process,
        kind,
        key,
        invokeMs: performance.now(),
        returnMs: Infinity,
        value: kind === "get" ? "" : `${process}.${++this.written}`,
        revision: 0,
        modRevision: 0,
        refused: false,
      };
      this.operations.push(operation);
      try {
        await this.carryOut(client, operation);
        operation.returnMs = performance.now();
        if (kind !== "get" && !operation.refused) {
          this.acknowledged++;
          this.acknowledgedMs.push(operation.returnMs);
        }
      } catch (error) {
        this.missed(operation, error);
      }
    }
  }

  private async carryOut({ kv }: Quorate, operation: Operation): Promise<void> {
    const { kind, key, value } = operation;
    if (kind === "put") operation.revision = (await kv.put(key, value)).revision;
    else if (kind === "get") {
      const { entry, revision } = await kv.read(key);
      operation.revision = revision;
      operation.value = entry?.text ?? "";
      operation.modRevision = entry?.modRevision ?? 0;
    } else {
      const now = await kv.read(key, { level: "session" });
      const expected = now.entry === null ? null : { modRevision: now.entry.modRevision };
      const { swapped, found, revision } = await kv.compareAndSet(key, expected, value);
      operation.revision = revision;
      operation.refused = !swapped;
      operation.modRevision = found?.modRevision ?? 0;
    }
  }

  /** Whatever is not known to be "not applied" stays open to the end of the history. */
  private missed(operation: Operation, error: unknown): void {
    if (!(error instanceof QuorateError)) throw error;
    if (error.outcome === "unknown" && operation.kind !== "get") this.unknown++;
    else {
      this.failed++;
      this.operations.splice(this.operations.lastIndexOf(operation), 1);
    }
  }
}
