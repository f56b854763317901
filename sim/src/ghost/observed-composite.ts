import type { Composite, Image, RequestId, Restore, Settlement, Watcher } from "@quorate/machine";

/** Told what became of each request of a step, before whoever asked is. */
export type ToldSettled = (request: RequestId, settlement: Settlement, revisionBefore: number) => void;

/** The machines of one replica, whose steps are seen. */
export class ObservedComposite implements Composite {
  readonly #inner: Composite;
  readonly #settled: ToldSettled;

  constructor(inner: Composite, settled: ToldSettled) {
    this.#inner = inner;
    this.#settled = settled;
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
    this.#inner.step(batch, (request, settlement) => {
      this.#settled(request, settlement, before);
      reply(request, settlement);
    });
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
    return this.#inner.image();
  }

  restore(): Restore<Composite> {
    const inner = this.#inner.restore();
    return {
      push: (chunk) => inner.push(chunk),
      end: () => new ObservedComposite(inner.end(), this.#settled),
    };
  }
}
