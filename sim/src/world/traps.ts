type Target = Record<string, unknown>;

const globals = globalThis as unknown as Record<string, Target | undefined>;

/** Where the platform's clocks, timers and random sources stand: object, and names in it. An empty object name is the global itself. */
const FORBIDDEN: readonly (readonly [object: string, names: readonly string[]])[] = [
  ["", ["setTimeout", "setInterval", "setImmediate"]],
  ["Date", ["now"]],
  ["Math", ["random"]],
  ["performance", ["now"]],
  ["crypto", ["getRandomValues", "randomUUID"]],
  ["process", ["hrtime"]],
];

/**
 * From now on the platform's clocks, timers and random sources throw, so that nothing in a run can depend on them. Returns the
 * function that puts them back; traps do not nest.
 */
export function setTraps(): () => void {
  const restores: (() => void)[] = [];
  for (const [object, names] of FORBIDDEN) {
    const target = object === "" ? (globalThis as unknown as Target) : globals[object];
    if (target === undefined) continue;
    for (const name of names) restores.push(replace(target, name, object === "" ? name : `${object}.${name}`));
  }
  return () => {
    for (const restore of restores) restore();
  };
}

function replace(target: Target, name: string, full: string): () => void {
  const before = Object.getOwnPropertyDescriptor(target, name);
  const value = (): never => {
    throw new Error(`${full} was called inside a simulated run: use the clock or the seed that was handed in`);
  };
  Object.defineProperty(target, name, { value, configurable: true, writable: true });
  return () => {
    if (before === undefined) Reflect.deleteProperty(target, name);
    else Object.defineProperty(target, name, before);
  };
}
