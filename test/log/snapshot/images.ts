import type { Image } from "@quorate/machine";
import type { SnapshotHead } from "../../../packages/log/src/wal/group-log.ts";
import type { SnapshotLimits } from "../../../packages/log/src/snapshot/limits.ts";
import { FORMED } from "../wal/logs.ts";

export const LIMITS: SnapshotLimits = { chunkBytes: 1_000, sendBytesPerSecond: 1e6, retryMs: 100, giveUpMs: 1_000 };

export function head(slot: number, group = 1): SnapshotHead {
  return {
    group,
    slot,
    governing: { ...FORMED, slot: Math.min(slot, 3), floor: 1_025 },
    standing: { origin: 2_050, carries: true },
    revision: slot * 10,
    digest: 0xfedcba98,
  };
}

/** An image of `bytes` bytes that depend on the slot, and whether it was released. */
export class TextImage implements Image {
  released = false;
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(slot: number, bytes: number) {
    this.#bytes = imageBytes(slot, bytes);
  }

  next(bytesMax: number): Uint8Array | null {
    if (this.released) throw new Error("the image was released");
    if (this.#at === this.#bytes.length) return null;
    const chunk = this.#bytes.slice(this.#at, this.#at + bytesMax);
    this.#at += chunk.length;
    return chunk;
  }

  release(): void {
    this.released = true;
  }
}

export function imageBytes(slot: number, bytes: number): Uint8Array {
  return Uint8Array.from({ length: bytes }, (_, index) => (index * 7 + slot) % 256);
}
