import type { Entry } from "@quorate/paxos";

/** Where the latest vote of one slot is. Mutable: its place comes with its write unit and changes when it is moved. */
export interface IndexedEntry {
  readonly slot: number;
  readonly ballot: number;
  /** Bytes of its payload. */
  readonly payloadBytes: number;
  /** Number of the segment that holds it durably; 0: not durable yet. */
  segment: number;
  /** Of its record, in that segment. */
  offset: number;
  /** The segment of the durable vote that this one replaces; it may not go before this one is durable. 0: none. */
  olderSegment: number;
  /** The entry itself, while it is not durable or still cached; `null`: read it from the disk. */
  entry: Entry | null;
}

/** One group's slots: which record holds the latest vote of each. */
export class SlotIndex {
  readonly #bySlot = new Map<number, IndexedEntry>();
  #slotFirst = 1;
  #slotLast = 0;

  /** No slot below this can be read any more. */
  get slotFirst(): number {
    return this.#slotFirst;
  }

  /** The highest slot ever indexed; 0: none. */
  get slotLast(): number {
    return this.#slotLast;
  }

  /** How many slots are indexed. */
  get size(): number {
    return this.#bySlot.size;
  }

  get(slot: number): IndexedEntry | undefined {
    return this.#bySlot.get(slot);
  }

  /** All entries, in no promised order. */
  values(): Iterable<IndexedEntry> {
    return this.#bySlot.values();
  }

  /** Takes an entry unless a higher ballot stands at its slot; `null` then. */
  add(entry: Entry): IndexedEntry | null {
    const older = entry.slot > this.#slotLast ? undefined : this.#bySlot.get(entry.slot);
    if (older !== undefined && older.ballot > entry.ballot) return null;
    const indexed: IndexedEntry = {
      slot: entry.slot,
      ballot: entry.ballot,
      payloadBytes: entry.bytes.length,
      segment: 0,
      offset: 0,
      olderSegment: older === undefined ? 0 : older.segment === 0 ? older.olderSegment : older.segment,
      entry,
    };
    this.#bySlot.set(entry.slot, indexed);
    this.#slotLast = Math.max(this.#slotLast, entry.slot);
    return indexed;
  }

  delete(slot: number): void {
    this.#bySlot.delete(slot);
  }

  /** A segment is going: whatever it holds cannot be read any more. */
  forgetSegment(segment: number): void {
    for (const indexed of this.#bySlot.values()) {
      if (indexed.segment !== segment) continue;
      this.#bySlot.delete(indexed.slot);
      this.#slotFirst = Math.max(this.#slotFirst, indexed.slot + 1);
    }
  }

  /** Finds the first readable slot, once recovery has read everything: the run of entries that ends at `base`. */
  startBelow(base: number): void {
    let slot = base;
    while (slot > 0 && this.#bySlot.has(slot)) slot -= 1;
    this.#slotFirst = slot + 1;
  }
}
