/** A deep copy of an engine's state: every object and list anew, bytes shared since nobody writes them, functions bound anew by their owner. */
export function copyOf<T>(value: T): T {
  return copyDeep(value, new Map()) as T;
}

function copyDeep(value: unknown, seen: Map<object, unknown>): unknown {
  if (typeof value !== "object" || value === null || value instanceof Uint8Array) return value;
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
  const copy: Record<string, unknown> | unknown[] = Array.isArray(value)
    ? []
    : Object.create(Object.getPrototypeOf(value));
  seen.set(value, copy);
  for (const key of Object.keys(value)) {
    (copy as Record<string, unknown>)[key] = copyDeep((value as Record<string, unknown>)[key], seen);
  }
  return copy;
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
