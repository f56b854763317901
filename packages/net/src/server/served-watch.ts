import type { ServerFrame } from "@quorate/client";
import { type Clock, QuorateError, type Watcher } from "@quorate/machine";

/** What one watch of one connection needs. */
export interface ServedWatchOptions {
  readonly id: number;
  /** Bytes of events that the client takes before it says `more`. */
  readonly windowBytes: number;
  readonly pullBytes: number;
  readonly clock: Clock;
  /** Of the replica, at the moment of a pull. */
  readonly revision: () => number;
  /** Whether the socket has room for events. */
  readonly hasRoom: () => boolean;
  write(frame: ServerFrame): void;
  /** The watch ended by itself. */
  ended(): void;
}

/**
 * Pulls a watcher while it has something, the client wants more, and the socket has room: what is not pulled waits in the state
 * of the machine, not in a queue.
 */
export class ServedWatch {
  readonly #options: ServedWatchOptions;
  #watcher: Watcher<Uint8Array> | null = null;
  #windowBytes: number;
  #woken = true;
  #scheduled = false;
  #closed = false;

  constructor(options: ServedWatchOptions) {
    this.#options = options;
    this.#windowBytes = options.windowBytes;
  }

  started(watcher: Watcher<Uint8Array>): void {
    if (this.#closed) return watcher.close();
    this.#watcher = watcher;
    this.#schedule();
  }

  wake(): void {
    this.#woken = true;
    this.#schedule();
  }

  more(bytes: number): void {
    this.#windowBytes = Math.min(this.#windowBytes + bytes, Number.MAX_SAFE_INTEGER);
    this.#schedule();
  }

  close(): void {
    this.#closed = true;
    this.#watcher?.close();
    this.#watcher = null;
  }

  pull(): void {
    const { id, pullBytes, revision, hasRoom, write } = this.#options;
    if (this.#closed || !this.#woken || this.#watcher === null || this.#windowBytes <= 0 || !hasRoom()) return;
    // Cleared before the pull: a wake that comes meanwhile must not be lost.
    this.#woken = false;
    const bytesMax = Math.min(pullBytes, this.#windowBytes);
    const pulled: Uint8Array[] = [];
    let bytes = 0;
    let complete = false;
    try {
      // Only an empty pull shows that everything to the present revision was told.
      while (!complete && bytes < bytesMax) {
        const events = this.#watcher.pull(bytesMax - bytes);
        complete = events.length === 0;
        for (const event of events) {
          // An empty event costs something too.
          bytes += event.length + 1;
          pulled.push(event);
        }
      }
    } catch (error) {
      return this.#fail(error);
    }
    this.#windowBytes -= bytes;
    pulled.forEach((event, index) => {
      const last = index === pulled.length - 1;
      write({ kind: "event", id, revision: last && complete ? revision() : 0, bytes: event });
    });
    if (complete) return;
    this.#woken = true;
    this.#schedule();
  }

  #schedule(): void {
    if (this.#scheduled || this.#closed) return;
    this.#scheduled = true;
    this.#options.clock.endOfTurn(() => {
      this.#scheduled = false;
      this.pull();
    });
  }

  /** `CLOSED`: the machine was replaced or the replica closed; the client asks again. Everything else is the answer. */
  #fail(error: unknown): void {
    const { id, write, ended } = this.#options;
    this.close();
    if (error instanceof QuorateError && error.code !== "CLOSED") {
      write({
        kind: "error",
        id,
        code: error.code,
        outcome: error.outcome,
        settled: false,
        message: error.message,
        leader: 0,
      });
    } else {
      write({ kind: "watch-ended", id, why: error instanceof Error ? error.message : String(error) });
    }
    ended();
  }
}
