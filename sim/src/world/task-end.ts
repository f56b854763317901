/** Every platform has it; a run itself must not, so pure code does not know it by type. */
const platform = globalThis as unknown as { setTimeout(run: () => void, afterMs: number): unknown };

/**
 * A run is microtasks alone, and what a WeakRef was asked for (every AbortSignal.any asks) stays in memory until the task ends: without this between
 * two runs, campaigns would keep all the worlds that they ran.
 */
export function taskEnds(): Promise<void> {
  return new Promise((resolve) => {
    platform.setTimeout(resolve, 0);
  });
}
