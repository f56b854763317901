import { keyedFraction, Purpose } from "./keyed-random.ts";
import type { Observer } from "./observer.ts";
import type { RollingHash } from "./rolling-hash.ts";
import type { VirtualTime } from "./virtual-time.ts";

/** A segment that met a cut link is sent again after this. */
const RESEND_MS = 200;

/** What disturbs all links between nodes while it lasts. */
export interface Noise {
  /** Part of the frames that are lost. */
  readonly loss: number;
  /** Part of the frames that arrive twice. */
  readonly twice: number;
  /** Frames take up to this much longer, in order. */
  readonly delayMs: number;
  /** Frames take up to this much longer, each by itself, so that they overtake each other. */
  readonly reorderMs: number;
  /** Part of the time for which a link, each direction by itself, lets nothing through. */
  readonly flap: number;
  /** How long it is open or shut at a time. */
  readonly flapMs: number;
}

/** What links do to what is sent over them. Ends of links are nodes, by their id, and clients, by theirs. */
export class SimulatedNetwork {
  readonly #time: VirtualTime;
  readonly #seed: number;
  readonly #hash: RollingHash;
  readonly #observer: Observer;
  readonly #cuts = new Map<number, number>();
  readonly #noises = new Set<Noise>();
  readonly #frames = new Map<number, number>();
  readonly #lastMs = new Map<number, number>();

  constructor(time: VirtualTime, seed: number, hash: RollingHash, observer: Observer) {
    this.#time = time;
    this.#seed = seed;
    this.#hash = hash;
    this.#observer = observer;
  }

  /** Nothing passes from one end to the other until the returned function is called. One direction. */
  cut(from: number, to: number): () => void {
    const link = linkOf(from, to);
    const cuts = this.#cuts.get(link) ?? 0;
    this.#cuts.set(link, cuts + 1);
    if (cuts === 0) this.#observer.linkCut(from, to);
    return () => {
      const left = this.#cuts.get(link)! - 1;
      this.#cuts.set(link, left);
      if (left === 0) this.#observer.linkHealed(from, to);
    };
  }

  isCut(from: number, to: number): boolean {
    return (this.#cuts.get(linkOf(from, to)) ?? 0) > 0;
  }

  disturb(noise: Noise): () => void {
    this.#noises.add(noise);
    return () => {
      this.#noises.delete(noise);
    };
  }

  /** A frame between nodes: `arrive` is called with whether it got through, once or twice. */
  frame(from: number, to: number, bytes: number, arrive: (passed: boolean) => void): void {
    const link = linkOf(from, to);
    const count = (this.#frames.get(link) ?? 0) + 1;
    this.#frames.set(link, count);
    this.#hash.add(link);
    this.#hash.add(bytes);
    let loss = 0;
    let twice = 0;
    let delayMs = 0;
    let reorderMs = 0;
    let shut = false;
    for (const noise of this.#noises) {
      loss = Math.max(loss, noise.loss);
      twice = Math.max(twice, noise.twice);
      delayMs = Math.max(delayMs, noise.delayMs);
      reorderMs = Math.max(reorderMs, noise.reorderMs);
      shut ||= this.#isShut(noise, link);
    }
    const fraction = (purpose: 5 | 6 | 7 | 8): number => keyedFraction(this.#seed, purpose, link, count);
    const wireMs = 0.1 + 0.9 * fraction(Purpose.frameDelay);
    const inOrderMs = this.#time.nowMs + wireMs + delayMs * fraction(Purpose.frameDelay);
    const floorMs = this.#lastMs.get(link) ?? 0;
    const atMs = Math.max(inOrderMs, floorMs);
    this.#lastMs.set(link, atMs);
    const cutNow = this.isCut(from, to);
    const lost = cutNow || shut || (loss > 0 && fraction(Purpose.frameLoss) < loss);
    const extraMs = reorderMs === 0 ? 0 : reorderMs * fraction(Purpose.frameReorder);
    this.#time.at(atMs + extraMs, () => arrive(!lost && !this.isCut(from, to)));
    if (!lost && twice > 0 && fraction(Purpose.frameTwice) < twice) {
      const laterMs = (5 + reorderMs) * fraction(Purpose.frameReorder);
      this.#time.at(atMs + extraMs + laterMs, () => arrive(!this.isCut(from, to)));
    }
  }

  #isShut({ flap, flapMs }: Noise, link: number): boolean {
    if (flap === 0) return false;
    const spell = Math.floor(this.#time.nowMs / flapMs);
    return keyedFraction(this.#seed, Purpose.linkFlap, link, spell) < flap;
  }

  /** One direction of a connection between a client and a node: in order, nothing lost; what meets a cut link waits and is sent again. */
  stream(from: number, to: number): (arrive: () => void) => void {
    const link = linkOf(from, to);
    const queue: (() => void)[] = [];
    let count = 0;
    let lastMs = 0;
    let waiting = false;
    const pump = (): void => {
      if (queue.length === 0) return;
      if (this.isCut(from, to)) {
        if (waiting) return;
        waiting = true;
        this.#time.after(RESEND_MS, () => {
          waiting = false;
          const all = queue.length;
          for (let each = 0; each < all; each++) pump();
        });
        return;
      }
      if (!waiting) queue.shift()!();
    };
    return (arrive) => {
      const wireMs =
        0.1 + 0.9 * keyedFraction(this.#seed, Purpose.clientDelay, link, ++count, Math.floor(this.#time.nowMs));
      lastMs = Math.max(lastMs, this.#time.nowMs + wireMs);
      queue.push(arrive);
      this.#hash.add(link);
      this.#time.at(lastMs, pump);
    };
  }
}

function linkOf(from: number, to: number): number {
  return from * 65_536 + to;
}
