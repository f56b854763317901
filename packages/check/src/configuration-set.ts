/** Entries per slot of the table at most: beyond it the table doubles. */
const LOAD_MAX = 0.6;

/**
 * A set of short lists of 32-bit words, each a configuration that a search has visited. A `Set` of V8 holds 2^24 entries at
 * most and needs a string for each; this one is an open-addressed table over one arena of words, bounded by memory only.
 */
export class ConfigurationSet {
  /** Place of each entry in the arena plus 1; 0 is an empty slot. Length is a power of two. */
  private table: Uint32Array = new Uint32Array(64);
  /** Entries one after another: hash, count of words, words. */
  private arena: Uint32Array = new Uint32Array(512);
  private arenaEnd = 0;
  private entries = 0;

  /** Count of lists in the set. */
  get size(): number {
    return this.entries;
  }

  /** Adds the first `count` words; `false` if they stood in the set already. The words are copied. */
  add(words: Uint32Array, count: number): boolean {
    const hash = hashOf(words, count);
    const mask = this.table.length - 1;
    let slot = hash & mask;
    for (let place = this.table[slot]!; place !== 0; place = this.table[slot]!) {
      if (this.holds(place - 1, hash, words, count)) return false;
      slot = (slot + 1) & mask;
    }
    this.table[slot] = this.append(hash, words, count) + 1;
    this.entries++;
    if (this.entries > this.table.length * LOAD_MAX) this.doubleTable();
    return true;
  }

  private holds(place: number, hash: number, words: Uint32Array, count: number): boolean {
    const arena = this.arena;
    if (arena[place] !== hash || arena[place + 1] !== count) return false;
    for (let i = 0; i < count; i++) if (arena[place + 2 + i] !== words[i]) return false;
    return true;
  }

  private append(hash: number, words: Uint32Array, count: number): number {
    const place = this.arenaEnd;
    if (place + 2 + count > this.arena.length) {
      const larger = new Uint32Array(Math.max(this.arena.length * 2, place + 2 + count));
      larger.set(this.arena);
      this.arena = larger;
    }
    this.arena[place] = hash;
    this.arena[place + 1] = count;
    for (let i = 0; i < count; i++) this.arena[place + 2 + i] = words[i]!;
    this.arenaEnd = place + 2 + count;
    return place;
  }

  private doubleTable(): void {
    const table = new Uint32Array(this.table.length * 2);
    const mask = table.length - 1;
    for (let place = 0; place < this.arenaEnd; place += 2 + this.arena[place + 1]!) {
      let slot = this.arena[place]! & mask;
      while (table[slot] !== 0) slot = (slot + 1) & mask;
      table[slot] = place + 1;
    }
    this.table = table;
  }
}

/** MurmurHash3, 32 bits (A. Appleby, public domain), over words. */
function hashOf(words: Uint32Array, count: number): number {
  let hash = count;
  for (let i = 0; i < count; i++) {
    let word = Math.imul(words[i]!, 0xcc9e2d51);
    word = (word << 15) | (word >>> 17);
    hash ^= Math.imul(word, 0x1b873593);
    hash = (hash << 13) | (hash >>> 19);
    hash = (Math.imul(hash, 5) + 0xe6546b64) | 0;
  }
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
