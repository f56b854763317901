type Target = Record<string, unknown>;

interface Platform {
  readonly process?: { getBuiltinModule?(name: string): Target | undefined };
}

const globals = globalThis as unknown as Record<string, Target | undefined>;

/** A built-in module of Node; undefined elsewhere. Asked for by name, since nothing that runs in a browser may import it. */
function builtin(name: string): Target | undefined {
  return (globals as Platform).process?.getBuiltinModule?.(name);
}

/** Where clocks, timers and random sources of the platform stand: the object, what it is called, and names in it. */
interface Forbidden {
  readonly target: Target | undefined;
  readonly object: string;
  readonly names: readonly string[];
}

const TIMERS = ["setTimeout", "setInterval", "setImmediate"];
const RANDOM = ["getRandomValues", "randomUUID"];

/** What is not there on this platform is left out. */
function forbidden(): readonly Forbidden[] {
  const { Math, Date, performance, crypto, process, AbortSignal } = globals;
  const timersPromises = builtin("node:timers/promises");
  return [
    { target: globals, object: "", names: TIMERS },
    { target: globals, object: "", names: ["Date"] },
    { target: Date, object: "Date", names: ["now"] },
    { target: Math, object: "Math", names: ["random"] },
    { target: performance, object: "performance", names: ["now", "mark"] },
    { target: crypto, object: "crypto", names: RANDOM },
    { target: AbortSignal, object: "AbortSignal", names: ["timeout"] },
    // Before hrtime itself, which hides it.
    { target: process?.["hrtime"] as Target | undefined, object: "process.hrtime", names: ["bigint"] },
    { target: process, object: "process", names: ["hrtime", "uptime"] },
    { target: builtin("node:timers"), object: "timers", names: TIMERS },
    { target: timersPromises, object: "timers/promises", names: TIMERS },
    { target: timersPromises?.["scheduler"] as Target | undefined, object: "scheduler", names: ["wait", "yield"] },
    {
      target: builtin("node:crypto"),
      object: "crypto",
      names: [...RANDOM, "randomBytes", "pseudoRandomBytes", "randomInt", "randomFill", "randomFillSync"],
    },
  ];
}

/**
 * From now on the platform's clocks, timers and random sources throw, so that nothing in a run can depend on them: those of Node's own modules too, also where they were
 * imported by name before. `new Date(0)` is no clock, and goes on; a date without arguments is one. Returns the function that puts them back; traps do not nest.
 *
 * What was kept in a variable before the run (`const now = Date.now`) cannot be trapped.
 */
export function setTraps(): () => void {
  const restores = forbidden().flatMap(({ target, object, names }) =>
    target === undefined ? [] : names.map((name) => setTrap(target, name, object === "" ? name : `${object}.${name}`)),
  );
  tellImports();
  return () => {
    for (const restore of restores) restore();
    tellImports();
  };
}

/** Names that were imported from built-in modules follow what stands in these. */
function tellImports(): void {
  (builtin("node:module")?.["syncBuiltinESMExports"] as (() => void) | undefined)?.();
}

function setTrap(target: Target, name: string, full: string): () => void {
  const before = Object.getOwnPropertyDescriptor(target, name);
  const what = target[name];
  // What cannot be replaced, such as `getRandomValues` of node:crypto, asks one that can.
  if (typeof what !== "function" || before?.configurable === false) return () => undefined;
  const enumerable = before?.enumerable ?? false;
  Object.defineProperty(target, name, { value: trapped(what, full), enumerable, configurable: true, writable: true });
  return () => {
    if (before === undefined) Reflect.deleteProperty(target, name);
    else Object.defineProperty(target, name, before);
  };
}

function trapped(what: object, full: string): object {
  const refuse = (): never => {
    throw new Error(`${full} was called inside a simulated run: use the clock or the seed that was handed in`);
  };
  return new Proxy(what, {
    apply: refuse,
    construct: (target, words, newTarget) =>
      words.length === 0 ? refuse() : (Reflect.construct(target as new () => object, words, newTarget) as object),
  });
}
