const CHUNK_BITS = 16;
const CHUNK = 1 << CHUNK_BITS;
const MASK = CHUNK - 1;

/**
 * A set of states, each a tuple of `width` 32-bit numbers, in the order in which they were added; each with the state it
 * was first reached from. Exact: two states are the same only if all their numbers are.
 */
export class StateTable {
  readonly width: number;
  size = 0;
  private readonly chunks: Int32Array[] = [];
  private readonly parents: Int32Array[] = [];
  private slots: Int32Array = new Int32Array(1 << 16).fill(-1);

  constructor(width: number) {
    this.width = width;
  }

  /** Adds `state`, reached from the state at `parent` (−1: a first one). False if it was there. */
  add(state: Int32Array, parent: number): boolean {
    if (this.size * 10 >= this.slots.length * 7) this.grow();
    const mask = this.slots.length - 1;
    for (let slot = hashOf(state, 0, this.width) & mask; ; slot = (slot + 1) & mask) {
      const index = this.slots[slot]!;
      if (index < 0) {
        this.slots[slot] = this.size;
        break;
      }
      if (this.same(index, state)) return false;
    }
    const chunk = this.size >>> CHUNK_BITS;
    if (chunk === this.chunks.length) {
      this.chunks.push(new Int32Array(CHUNK * this.width));
      this.parents.push(new Int32Array(CHUNK));
    }
    this.chunks[chunk]!.set(state, (this.size & MASK) * this.width);
    this.parents[chunk]![this.size & MASK] = parent;
    this.size++;
    return true;
  }

  /** Copies the state at `index` to `into`. */
  read(index: number, into: Int32Array): void {
    const chunk = this.chunks[index >>> CHUNK_BITS]!;
    const at = (index & MASK) * this.width;
    for (let part = 0; part < this.width; part++) into[part] = chunk[at + part]!;
  }

  parentOf(index: number): number {
    return this.parents[index >>> CHUNK_BITS]![index & MASK]!;
  }

  private same(index: number, state: Int32Array): boolean {
    const chunk = this.chunks[index >>> CHUNK_BITS]!;
    const at = (index & MASK) * this.width;
    for (let part = 0; part < this.width; part++) if (chunk[at + part] !== state[part]) return false;
    return true;
  }

  private grow(): void {
    const slots = new Int32Array(this.slots.length * 2).fill(-1);
    const mask = slots.length - 1;
    for (let index = 0; index < this.size; index++) {
      const chunk = this.chunks[index >>> CHUNK_BITS]!;
      let slot = hashOf(chunk, (index & MASK) * this.width, this.width) & mask;
      while (slots[slot]! >= 0) slot = (slot + 1) & mask;
      slots[slot] = index;
    }
    this.slots = slots;
  }
}

function hashOf(numbers: Int32Array, at: number, width: number): number {
  let hash = 0x9e3779b9 | 0;
  for (let part = 0; part < width; part++) {
    hash = Math.imul(hash ^ numbers[at + part]!, 0x85ebca6b);
    hash ^= hash >>> 15;
  }
  hash = Math.imul(hash, 0xc2b2ae35);
  return hash ^ (hash >>> 16);
}
