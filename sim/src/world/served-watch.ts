import type { ServerFrame } from "@quorate/client";
import { QuorateError, type Watcher } from "@quorate/machine";

/** Bytes of events in one pull. */
const PULL_BYTES = 16 * 1024;

/** A watch that a simulated node serves: pulled while it has something and its client wants more. */
export class ServedWatch {
  readonly #id: number;
  readonly #write: (frame: ServerFrame) => void;
  readonly #revision: () => number;
  #watcher: Watcher<Uint8Array> | null = null;
  #windowBytes: number;
  #closed = false;

  constructor(id: number, windowBytes: number, revision: () => number, write: (frame: ServerFrame) => void) {
    this.#id = id;
    this.#windowBytes = windowBytes;
    this.#revision = revision;
    this.#write = write;
  }

  started(watcher: Watcher<Uint8Array>): void {
    if (this.#closed) return watcher.close();
    this.#watcher = watcher;
    this.pull();
  }

  more(bytes: number): void {
    this.#windowBytes += bytes;
    this.pull();
  }

  close(): void {
    this.#closed = true;
    this.#watcher?.close();
    this.#watcher = null;
  }

  /** Takes all there is, as far as the window reaches; the last event says how far everything was told. */
  pull(): void {
    const pulled: Uint8Array[] = [];
    let complete = false;
    try {
      while (this.#watcher !== null && this.#windowBytes > 0 && !complete) {
        const events = this.#watcher.pull(Math.min(PULL_BYTES, this.#windowBytes));
        complete = events.length === 0;
        for (const event of events) {
          this.#windowBytes -= event.length + 1;
          pulled.push(event);
        }
      }
    } catch (error) {
      this.#fail(error);
      return;
    }
    for (const [index, bytes] of pulled.entries()) {
      const revision = complete && index === pulled.length - 1 ? this.#revision() : 0;
      this.#write({ kind: "event", id: this.#id, revision, bytes });
    }
  }

  #fail(error: unknown): void {
    this.close();
    if (error instanceof QuorateError && error.code !== "CLOSED") {
      const { code, outcome, message } = error;
      this.#write({ kind: "error", id: this.#id, code, outcome, settled: false, message, leader: 0 });
    } else {
      this.#write({ kind: "watch-ended", id: this.#id, why: String(error) });
    }
  }
}
