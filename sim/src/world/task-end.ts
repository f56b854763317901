/**
 * A run is microtasks alone, and what a WeakRef was asked for (every AbortSignal.any asks) stays in memory until the task ends: without this between
 * two runs, campaigns would keep all the worlds that they ran.
 */
export function taskEnds(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
