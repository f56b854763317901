/**
 * A deep copy of an engine's state: every object and list that may change anew, functions bound anew by their owner. What
 * never changes once made is shared: bytes, the config, and whatever has a `kind` (messages, entries, records, events).
 */
export function copyOf<T>(value: T): T {
  return copyDeep(value, new Map()) as T;
}

function copyDeep(value: unknown, seen: Map<object, unknown>): unknown {
  if (typeof value !== "object" || value === null || isShared(value)) return value;
  const known = seen.get(value);
  if (known !== undefined) return known;
  if (value instanceof Map) {
    const copy = new Map();
    seen.set(value, copy);
    for (const [key, item] of value) copy.set(key, copyDeep(item, seen));
    return copy;
  }
  if (value instanceof Set) {
    const copy = new Set(value);
    seen.set(value, copy);
    return copy;
  }
  if (Array.isArray(value)) {
    const copy: unknown[] = new Array(value.length);
    seen.set(value, copy);
    for (let index = 0; index < value.length; index++) copy[index] = copyDeep(value[index], seen);
    return copy;
  }
  const copy = Object.create(Object.getPrototypeOf(value)) as Record<string, unknown>;
  seen.set(value, copy);
  for (const key in value) copy[key] = copyDeep((value as Record<string, unknown>)[key], seen);
  return copy;
}

function isShared(value: object): boolean {
  return "kind" in value || value instanceof Uint8Array || "electionTimeoutMs" in value || "members" in value;
}

/** State as text: equal for equal states. Maps and sets in order of their keys, bytes by content. */
export function fingerprintOf(value: unknown): string {
  return JSON.stringify(value, (_, item: unknown) => {
    if (item instanceof Map) return [...item].sort((one, other) => (one[0] < other[0] ? -1 : 1));
    if (item instanceof Set) return [...item].sort((one, other) => (one < other ? -1 : 1));
    if (item instanceof Uint8Array) return item.join(",");
    if (typeof item === "number" && !Number.isFinite(item)) return String(item);
    return item;
  });
}
