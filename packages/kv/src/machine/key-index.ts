/** Parts, each a map of its own: a map that grows copies all it holds, and no step is to wait for that of a million keys. */
const PARTS = 64;
/** Units of the end of a key that choose its part: keys tend to differ there. */
const UNITS = 4;

/** A map from keys that finds one at once, in no order. */
export class KeyIndex<V> {
  readonly #parts: readonly Map<string, V>[] = Array.from({ length: PARTS }, () => new Map<string, V>());

  get(key: string): V | undefined {
    return this.#partOf(key).get(key);
  }

  set(key: string, value: V): void {
    this.#partOf(key).set(key, value);
  }

  delete(key: string): void {
    this.#partOf(key).delete(key);
  }

  #partOf(key: string): Map<string, V> {
    let hash = key.length;
    for (let index = Math.max(0, key.length - UNITS); index < key.length; index += 1) {
      hash = (hash * 31 + key.charCodeAt(index)) | 0;
    }
    return this.#parts[hash & (PARTS - 1)] as Map<string, V>;
  }
}
