/** Counts by name: how often each limit and refusal bit. */
export interface Counters {
  add(name: string, by?: number): void;
  /** A copy, sorted by name. */
  read(): Readonly<Record<string, number>>;
}

/** All at zero. */
export function createCounters(): Counters {
  const counts = new Map<string, number>();
  return {
    add(name, by = 1) {
      counts.set(name, (counts.get(name) ?? 0) + by);
    },
    read: () => Object.fromEntries([...counts].sort(([a], [b]) => (a < b ? -1 : 1))),
  };
}
