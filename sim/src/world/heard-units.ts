import type { HeardPeer, Output } from "@quorate/paxos";
import { type ObservedRun, Unobservant } from "./observer.ts";

/** What an engine writes is taken for durable after this, if its disk does not stall. */
const DURABLE_AFTER_MS = 1500;

interface Heard {
  /** Durable for certain. */
  units: readonly HeardPeer[];
  /** Written at `writtenMs`. */
  written: readonly HeardPeer[];
  writtenMs: number;
}

/** How much each node has durably heard of each disk (rule 14): whoever comes back with less is not listened to by it. */
export class HeardUnits extends Unobservant {
  readonly #heard = new Map<number, Heard>();
  #run: ObservedRun | null = null;

  override runBegan(run: ObservedRun): void {
    this.#run = run;
  }

  override output(node: number, { records }: Output): void {
    for (const record of records) if (record.kind === "heard") this.#note(node, record.peers);
  }

  override processDied(node: number): void {
    this.#forget(node);
  }

  override powerLost(node: number): void {
    this.#forget(node);
  }

  /** The highest unit of that disk that `node` will not forget. */
  durable(node: number, of: number, incarnation: number): number {
    const units = this.#heard.get(node)?.units ?? [];
    return units.find((peer) => peer.node === of && peer.incarnation === incarnation)?.unit ?? 0;
  }

  /** Only what was written long ago stands for certain. */
  #note(node: number, written: readonly HeardPeer[]): void {
    const { nowMs } = this.#run!;
    const heard = this.#heard.get(node);
    if (heard === undefined) this.#heard.set(node, { units: [], written, writtenMs: nowMs });
    else if (nowMs - heard.writtenMs >= DURABLE_AFTER_MS) {
      heard.units = heard.written;
      heard.written = written;
      heard.writtenMs = nowMs;
    }
  }

  #forget(node: number): void {
    const heard = this.#heard.get(node);
    if (heard === undefined) return;
    heard.written = heard.units;
    heard.writtenMs = -Infinity;
  }
}
