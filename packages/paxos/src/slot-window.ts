import type { Entry } from "./entry.ts";

const CAPACITY_FIRST = 16;

/**
 * The entries of the open slots: a ring over consecutive slots, with holes. Grows by doubling, never shrinks; its length
 * is bounded by how far votes may run ahead of what is applied.
 */
export class SlotWindow {
  /** Lowest slot kept; what is below was dropped. */
  first: number;
  /** Highest slot ever set, or first − 1. */
  top: number;
  private ring: (Entry | null)[];
  private mask: number;

  constructor(first: number) {
    this.first = first;
    this.top = first - 1;
    this.ring = new Array<Entry | null>(CAPACITY_FIRST).fill(null);
    this.mask = CAPACITY_FIRST - 1;
  }

  get(slot: number): Entry | null {
    return slot < this.first || slot > this.top ? null : this.ring[slot & this.mask]!;
  }

  /** `entry.slot` is at least `first`. */
  set(entry: Entry): void {
    while (entry.slot - this.first > this.mask) this.grow();
    if (entry.slot > this.top) this.top = entry.slot;
    this.ring[entry.slot & this.mask] = entry;
  }

  /** Forgets everything up to `slot`. */
  dropTo(slot: number): void {
    const end = Math.min(slot, this.top);
    for (let dropped = this.first; dropped <= end; dropped++) this.ring[dropped & this.mask] = null;
    if (slot >= this.first) this.first = slot + 1;
    if (this.top < slot) this.top = slot;
  }

  private grow(): void {
    const size = (this.mask + 1) * 2;
    const ring = new Array<Entry | null>(size).fill(null);
    for (let slot = this.first; slot <= this.top; slot++) ring[slot & (size - 1)] = this.ring[slot & this.mask]!;
    this.ring = ring;
    this.mask = size - 1;
  }
}
