import type { RevisionedOperation } from "@quorate/check";
import { connect, type Quorate, QuorateError } from "quorate";

/** An operation while it is under way. */
type Open = { -readonly [K in keyof RevisionedOperation]: RevisionedOperation[K] };

const KEYS = 256;

/** Callers that write and read until they are told to stop, each after its own last answer. */
export class Load {
  readonly operations: RevisionedOperation[] = [];
  /** When each write was acknowledged, in order. */
  readonly acknowledgedMs: number[] = [];
  unknown = 0;
  failed = 0;
  private readonly valueBytes: number;
  private stopping = false;
  private readonly clients: Quorate[];
  private readonly callers: Promise<void>[];
  private written = 0;

  /** @param valueBytes - each value is filled up to so many; 0: as short as it is. */
  constructor(endpoints: readonly string[], callers: number, connections: number, valueBytes: number = 0) {
    this.valueBytes = valueBytes;
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
      const operation: Open = {
        process,
        kind: turn % 4 === 3 ? "read" : "write",
        key: `key-${(process * 31 + turn * 17) % KEYS}`,
        invokedAt: performance.now(),
        returnedAt: Infinity,
        revision: 0,
        value: turn % 4 === 3 ? null : `${process}.${++this.written}`.padEnd(this.valueBytes, "."),
        sees: "nothing",
        seenValue: null,
        seenModRevision: 0,
      };
      try {
        if (operation.kind === "read") await get(client, operation);
        else if (turn % 16 === 6) await compareAndSet(client, operation);
        else operation.revision = (await client.kv.put(operation.key, operation.value!)).revision;
        operation.returnedAt = performance.now();
        this.operations.push(operation);
        if (operation.kind === "write") this.acknowledgedMs.push(operation.returnedAt);
      } catch (error) {
        if (!(error instanceof QuorateError)) throw error;
        if (operation.kind === "write" && error.outcome === "unknown") {
          // Open to the end of the history: it may have happened at any time since.
          this.unknown++;
          this.operations.push(operation);
        } else this.failed++;
      }
    }
  }
}

async function get({ kv }: Quorate, operation: Open): Promise<void> {
  const { entry, revision } = await kv.read(operation.key);
  operation.revision = revision;
  operation.sees = "entry";
  operation.seenValue = entry?.text ?? null;
  operation.seenModRevision = entry?.modRevision ?? 0;
}

async function compareAndSet({ kv }: Quorate, operation: Open): Promise<void> {
  const now = await kv.read(operation.key, { level: "session" });
  operation.invokedAt = performance.now();
  operation.sees = "version";
  operation.seenModRevision = now.entry?.modRevision ?? 0;
  const expected = now.entry === null ? null : { modRevision: now.entry.modRevision };
  const { swapped, found, revision } = await kv.compareAndSet(operation.key, expected, operation.value);
  operation.revision = revision;
  if (swapped) return;
  operation.kind = "read";
  operation.value = null;
  operation.sees = "entry";
  operation.seenValue = found?.text ?? null;
  operation.seenModRevision = found?.modRevision ?? 0;
}
