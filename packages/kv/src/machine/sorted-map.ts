import sortedBtree from "sorted-btree";

/**
 * An ordered map whose `clone()` takes constant time: nodes are shared and copied on the first write to either side.
 * The one place that names the library.
 */
export type SortedMap<K, V> = InstanceType<typeof sortedBtree.default<K, V>>;

/** Order of strings: by UTF-16 code units, as `<` compares them. Alike on every platform, unlike any locale's order. */
export function compareKeys(left: string, right: string): number {
  return left < right ? -1 : left > right ? 1 : 0;
}

/** Order of revisions. */
export function compareNumbers(left: number, right: number): number {
  return left - right;
}

/** An empty map in the order of `compare`. */
export function createSortedMap<K, V>(compare: (left: K, right: K) => number): SortedMap<K, V> {
  return new sortedBtree.default<K, V>(undefined, compare);
}
