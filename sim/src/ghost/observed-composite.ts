import type { Composite, Image, Restore, RequestId, Settlement, Watcher } from "@quorate/machine";
import type { Ghost } from "./ghost.ts";

/** Bytes before an image: how many batches made it. */
const HEAD_BYTES = 8;

/** The machines of one replica, watched: the ghost sees every batch, and an image carries its place in the order of batches. */
export class ObservedComposite implements Composite {
  readonly #inner: Composite;
  readonly #ghost: Ghost;
  readonly #node: number;
  /** Whether the replica runs: what is restored at the start comes from its own disk. */
  readonly #running: () => boolean;
  readonly #restored: (made: ObservedComposite) => void;
  #index: number;

  /** @param restored - given what takes the place of this one. */
  constructor(
    inner: Composite,
    ghost: Ghost,
    node: number,
    running: () => boolean,
    restored: (made: ObservedComposite) => void,
    index: number = 0,
  ) {
    this.#inner = inner;
    this.#ghost = ghost;
    this.#node = node;
    this.#running = running;
    this.#restored = restored;
    this.#index = index;
  }

  /** Batches so far. */
  get index(): number {
    return this.#index;
  }

  get revision(): number {
    return this.#inner.revision;
  }

  get logTimeMs(): number {
    return this.#inner.logTimeMs;
  }

  get digest(): number {
    return this.#inner.digest;
  }

  step(batch: Uint8Array, reply: (request: RequestId, settlement: Settlement) => void): void {
    const before = this.#inner.revision;
    const settled: (readonly [RequestId, Settlement])[] = [];
    this.#inner.step(batch, (request, settlement) => {
      settled.push([request, settlement]);
      reply(request, settlement);
    });
    this.#index += 1;
    this.#ghost.stepped(this.#node, this.#index, batch, this.#inner);
    for (const [request, settlement] of settled) this.#ghost.settled(this.#node, request, settlement, before);
  }

  query(machine: string, query: Uint8Array): Uint8Array {
    return this.#inner.query(machine, query);
  }

  watch(machine: string, request: Uint8Array, wake: () => void): Watcher<Uint8Array> {
    return this.#inner.watch(machine, request, wake);
  }

  dueMs(): number {
    return this.#inner.dueMs();
  }

  image(): Image {
    const inner = this.#inner.image();
    const head = new Uint8Array(HEAD_BYTES);
    new DataView(head.buffer).setFloat64(0, this.#index);
    let headTo = 0;
    return {
      next: (bytesMax) => {
        if (headTo === HEAD_BYTES) return inner.next(bytesMax);
        const part = head.subarray(headTo, headTo + bytesMax);
        headTo += part.length;
        return part;
      },
      release: () => inner.release(),
    };
  }

  restore(): Restore<Composite> {
    const inner = this.#inner.restore();
    const head = new Uint8Array(HEAD_BYTES);
    let headTo = 0;
    return {
      push: (chunk) => {
        const part = chunk.subarray(0, HEAD_BYTES - headTo);
        head.set(part, headTo);
        headTo += part.length;
        if (chunk.length > part.length) inner.push(chunk.subarray(part.length));
      },
      end: () => {
        const restored = inner.end();
        const index = new DataView(head.buffer).getFloat64(0);
        this.#ghost.restored(this.#node, index, restored, this.#running());
        const made = new ObservedComposite(restored, this.#ghost, this.#node, this.#running, this.#restored, index);
        this.#restored(made);
        return made;
      },
    };
  }
}
