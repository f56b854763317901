import { keyedBits, keyedFraction, Purpose } from "./keyed-random.ts";
import type { Observer } from "./observer.ts";
import type { RollingHash } from "./rolling-hash.ts";
import type { VirtualTime } from "./virtual-time.ts";

/** A segment that met a cut link, or did not fit its checksum, is sent again after this. */
export const RESEND_MS = 200;

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
  /** Part of the frames of which bits change on the way, those of clients too. */
  readonly corrupt: number;
}

/** Not corrupt. */
export const INTACT = -1;

/** What became of a frame between nodes: whether it got through, and the bits that say how it was damaged, or {@link INTACT}. */
export type Arrive = (passed: boolean, damage: number) => void;

/** One direction between two ends. */
interface Link {
  /** Its name in what is decided about it. */
  readonly id: number;
  /** How many cut it now. */
  cuts: number;
  /** That were sent over it. */
  frames: number;
  /** When the last of them that keep their order arrives. */
  lastMs: number;
}

/** What links do to what is sent over them. Ends of links are nodes, by their id, and clients, by theirs. */
export class SimulatedNetwork {
  readonly #time: VirtualTime;
  readonly #seed: number;
  readonly #hash: RollingHash;
  readonly #observer: Observer;
  readonly #links = new Map<number, Link>();
  #noises: readonly Noise[] = [];
  /** What each link takes longer, in milliseconds; of several the longest counts. */
  readonly #slow = new Map<number, number[]>();
  /** When the connection of two nodes was broken last. */
  readonly #brokenMs = new Map<number, number>();

  constructor(time: VirtualTime, seed: number, hash: RollingHash, observer: Observer) {
    this.#time = time;
    this.#seed = seed;
    this.#hash = hash;
    this.#observer = observer;
  }

  /** Nothing passes from one end to the other until the returned function is called. One direction. */
  cut(from: number, to: number): () => void {
    const link = this.#link(from, to);
    link.cuts += 1;
    if (link.cuts === 1) this.#observer.linkCut(from, to);
    return () => {
      link.cuts -= 1;
      if (link.cuts === 0) this.#observer.linkHealed(from, to);
    };
  }

  isCut(from: number, to: number): boolean {
    return this.#link(from, to).cuts > 0;
  }

  #link(from: number, to: number): Link {
    const id = idOf(from, to);
    let link = this.#links.get(id);
    if (link === undefined) this.#links.set(id, (link = { id, cuts: 0, frames: 0, lastMs: 0 }));
    return link;
  }

  /** What passes from one end to the other takes so much longer, in order, until the returned function is called. One direction. */
  slow(from: number, to: number, ms: number): () => void {
    const link = idOf(from, to);
    this.#slow.set(link, [...(this.#slow.get(link) ?? []), ms]);
    return () => {
      const left = this.#slow.get(link)!;
      this.#slow.set(
        link,
        left.filter((_, index) => index !== left.indexOf(ms)),
      );
    };
  }

  disturb(noise: Noise): () => void {
    this.#noises = [...this.#noises, noise];
    return () => {
      this.#noises = this.#noises.filter((each) => each !== noise);
    };
  }

  /** A frame between nodes: `arrive` is called with whether it got through, once or twice. */
  frame(from: number, to: number, bytes: number, arrive: Arrive): void {
    const way = this.#link(from, to);
    const link = way.id;
    const count = ++way.frames;
    const sentMs = this.#time.nowMs;
    this.#hash.add(link);
    this.#hash.add(bytes);
    let loss = 0;
    let twice = 0;
    let delayMs = 0;
    let reorderMs = 0;
    let shut = false;
    let corrupt = 0;
    for (const noise of this.#noises) {
      loss = Math.max(loss, noise.loss);
      twice = Math.max(twice, noise.twice);
      delayMs = Math.max(delayMs, noise.delayMs);
      reorderMs = Math.max(reorderMs, noise.reorderMs);
      shut ||= this.#isShut(noise, link);
      corrupt = Math.max(corrupt, noise.corrupt);
    }
    const seed = this.#seed;
    const delay = keyedFraction(seed, Purpose.frameDelay, link, count);
    const wireMs = 0.1 + 0.9 * delay;
    const slowMs = this.#slow.size === 0 ? 0 : Math.max(0, ...(this.#slow.get(link) ?? []));
    const atMs = Math.max(sentMs + wireMs + delayMs * delay + slowMs, way.lastMs);
    way.lastMs = atMs;
    const lost = way.cuts > 0 || shut || (loss > 0 && keyedFraction(seed, Purpose.frameLoss, link, count) < loss);
    const extraMs = reorderMs === 0 ? 0 : reorderMs * keyedFraction(seed, Purpose.frameReorder, link, count);
    const bits = corrupt === 0 ? 1 : keyedBits(seed, Purpose.frameCorrupt, link, count);
    const damage = bits / 2 ** 32 < corrupt ? keyedBits(seed, Purpose.frameCorrupt, link, count, 1) : INTACT;
    this.#time.at(atMs + extraMs, () => arrive(!lost && this.#passes(way, from, to, sentMs), damage));
    if (!lost && twice > 0 && keyedFraction(seed, Purpose.frameTwice, link, count) < twice) {
      const laterMs = (5 + reorderMs) * keyedFraction(seed, Purpose.frameReorder, link, count);
      this.#time.at(atMs + extraMs + laterMs, () => arrive(this.#passes(way, from, to, sentMs), INTACT));
    }
  }

  /** Whether what was sent then gets to the end of the way now. */
  #passes(way: Link, from: number, to: number, sentMs: number): boolean {
    if (way.cuts > 0) return false;
    return this.#brokenMs.size === 0 || sentMs >= (this.#brokenMs.get(pairOf(from, to)) ?? 0);
  }

  #isShut({ flap, flapMs }: Noise, link: number): boolean {
    if (flap === 0) return false;
    const spell = Math.floor(this.#time.nowMs / flapMs);
    return keyedFraction(this.#seed, Purpose.linkFlap, link, spell) < flap;
  }

  /** The connection of two nodes breaks: what is on its way, in both directions, is lost. */
  breaks(from: number, to: number): void {
    this.#brokenMs.set(pairOf(from, to), this.#time.nowMs);
  }

  /** How a frame of a client's connection is damaged on this way, or {@link INTACT}. `count`: of the frames of that way. */
  damageOfStream(from: number, to: number, count: number): number {
    let corrupt = 0;
    for (const noise of this.#noises) corrupt = Math.max(corrupt, noise.corrupt);
    const link = idOf(from, to);
    const hits = keyedFraction(this.#seed, Purpose.clientCorrupt, link, count) < corrupt;
    return hits ? keyedBits(this.#seed, Purpose.clientCorrupt, link, count, 1) : INTACT;
  }

  /** One direction of a connection between a client and a node: in order, nothing lost; what meets a cut link waits and is sent again. */
  stream(from: number, to: number): (arrive: () => void) => void {
    const link = idOf(from, to);
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

function idOf(from: number, to: number): number {
  return from * 65_536 + to;
}

function pairOf(one: number, other: number): number {
  return idOf(Math.min(one, other), Math.max(one, other));
}
