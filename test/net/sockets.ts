import type { Done, SnapshotChunk } from "@quorate/log";
import { createNodeClock } from "@quorate/log/node";
import { type Clock, type Reply, QuorateError, type RequestId, type Watcher } from "@quorate/machine";
import { listen, type Listener, type ListenOptions, type Served } from "@quorate/net";
import { WebSocket } from "ws";

/** Turns of the event loop go by until `holds`; the test's own limit ends a wait for what never comes. */
export async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise<void>((resolve) => setImmediate(resolve));
}

/** Listens at a port that the system chose. */
export function listening(options: Omit<ListenOptions, "host" | "port">, port = 0): Promise<Listener> {
  return new Promise((resolve, reject) => {
    listen({ host: "127.0.0.1", port, ...options }, (error, listener) => {
      if (error === null) resolve(listener);
      else reject(error);
    });
  });
}

export function closing(listener: Listener): Promise<void> {
  return new Promise((resolve) => listener.close(resolve));
}

/** A bare socket that says what it is told to, and remembers what it heard. */
export interface RawSocket {
  readonly heard: Uint8Array[];
  end: { code: number; reason: string } | null;
  send(bytes: Uint8Array | string): void;
  close(): void;
}

export function rawSocket(
  url: string,
  protocol = "quorate.v1",
  headers: Record<string, string> = {},
): Promise<RawSocket> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(url, [protocol], { headers });
    const raw: RawSocket = {
      heard: [],
      end: null,
      send: (bytes) => socket.send(bytes),
      close: () => socket.close(),
    };
    socket.on("message", (data: Buffer) => raw.heard.push(new Uint8Array(data)));
    socket.on("close", (code, reason) => (raw.end = { code, reason: reason.toString() }));
    socket.on("open", () => resolve(raw));
    socket.on("error", reject);
  });
}

interface FakeWatch {
  readonly queue: Uint8Array[];
  wake(): void;
  closed: boolean;
  fail: QuorateError | null;
}

/** A replica that a test drives by hand: every request waits in `asked` until the test answers it. */
export class FakeReplica implements Served {
  readonly asked: { readonly request: RequestId | null; readonly bytes: Uint8Array; readonly done: Done<Reply> }[] = [];
  readonly watches: FakeWatch[] = [];
  readonly snapshots: { slot: number; position: number; minRevision: number; done: Done<SnapshotChunk> }[] = [];
  /** Answers at once, in a later turn, with what was asked. */
  echoes = false;
  revision = 0;
  pulls = 0;

  submit(request: RequestId, _releasedTo: number, _machine: string, command: Uint8Array, done: Done<Reply>): void {
    this.#take(request, command, done);
  }

  read(_level: string, _minRevision: number, _machine: string, query: Uint8Array, done: Done<Reply>): void {
    this.#take(null, query, done);
  }

  watch(
    _minRevision: number,
    _machine: string,
    _request: Uint8Array,
    wake: () => void,
    done: Done<Watcher<Uint8Array>>,
  ): void {
    const watch: FakeWatch = { queue: [], wake, closed: false, fail: null };
    this.watches.push(watch);
    const pull = (bytesMax: number): Uint8Array[] => {
      this.pulls += 1;
      if (watch.fail !== null) throw watch.fail;
      let bytes = 0;
      const pulled: Uint8Array[] = [];
      while (watch.queue.length > 0 && bytes < bytesMax) {
        bytes += watch.queue[0]!.length;
        pulled.push(watch.queue.shift()!);
      }
      return pulled;
    };
    const watcher = { pull, close: () => (watch.closed = true) };
    setImmediate(() => done(null, watcher));
  }

  snapshot(slot: number, position: number, minRevision: number, done: Done<SnapshotChunk>): void {
    this.snapshots.push({ slot, position, minRevision, done });
  }

  status(): { revision: number; leader: number; role: string } {
    return { revision: this.revision, leader: 2, role: "follower" };
  }

  #take(request: RequestId | null, bytes: Uint8Array, done: Done<Reply>): void {
    this.asked.push({ request, bytes, done });
    if (this.echoes) setImmediate(() => done(null, { bytes, revision: 1, logTimeMs: 2 }));
  }
}

/** The clock of production. */
export const clock: Clock = createNodeClock();
export { QuorateError };
