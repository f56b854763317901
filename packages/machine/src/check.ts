/**
 * Checks of decoded values, field by field: nothing that came from outside is trusted before one of these returned it.
 * They compose: `checkTuple(checkInt(1, 9), checkText(64))`.
 */

/** Returns the value as a `T`, or throws `TypeError` with what was expected. May return the same object. */
export type Check<T> = (value: unknown) => T;

/** The values of a tuple of checks. */
export type Checked<T extends readonly Check<unknown>[]> = {
  readonly [K in keyof T]: T[K] extends Check<infer V> ? V : never;
};

/** An integer, `from` and `to` included. −0 is none. */
export function checkInt(from: number, to: number): Check<number> {
  return (value) => {
    if (typeof value !== "number" || !Number.isInteger(value) || value < from || value > to || Object.is(value, -0)) {
      throw expected(`an integer from ${from} to ${to}`, value);
    }
    return value;
  };
}

/** A finite number, `from` and `to` included. */
export function checkNumber(from: number, to: number): Check<number> {
  return (value) => {
    if (typeof value !== "number" || !(value >= from && value <= to) || !Number.isFinite(value)) {
      throw expected(`a number from ${from} to ${to}`, value);
    }
    return value;
  };
}

/** A string of at most `lengthMax` UTF-16 units, as `length` counts them. */
export function checkText(lengthMax: number): Check<string> {
  return (value) => {
    if (typeof value !== "string" || value.length > lengthMax)
      throw expected(`a text of at most ${lengthMax} characters`, value);
    return value;
  };
}

/** A byte string of at most `lengthMax` bytes. */
export function checkBytes(lengthMax: number): Check<Uint8Array> {
  return (value) => {
    if (!(value instanceof Uint8Array) || value.length > lengthMax) throw expected(`at most ${lengthMax} bytes`, value);
    return value;
  };
}

/** `true` or `false`. */
export function checkBoolean(value: unknown): boolean {
  if (typeof value !== "boolean") throw expected("true or false", value);
  return value;
}

/** `null` and nothing else. */
export function checkNull(value: unknown): null {
  if (value !== null) throw expected("null", value);
  return null;
}

/** One of these numbers, strings or booleans. */
export function checkOneOf<const T extends readonly (number | string | boolean)[]>(...allowed: T): Check<T[number]> {
  return (value) => {
    if (!allowed.includes(value as T[number])) throw expected(`one of ${allowed.join(", ")}`, value);
    return value as T[number];
  };
}

/** `null`, or what `check` takes. */
export function checkNullable<T>(check: Check<T>): Check<T | null> {
  return (value) => (value === null ? null : check(value));
}

/** An array of exactly these, in this order. The same array, if no check returned something else than it got. */
export function checkTuple<const T extends readonly Check<unknown>[]>(...checks: T): Check<Checked<T>> {
  return (value) => {
    if (!Array.isArray(value) || value.length !== checks.length) throw expected(`an array of ${checks.length}`, value);
    const items = value as readonly unknown[];
    let result: unknown[] | null = null;
    for (let index = 0; index < checks.length; index++) {
      const checked = checks[index]!(items[index]);
      if (checked !== items[index]) (result ??= [...items])[index] = checked;
    }
    return (result ?? items) as unknown as Checked<T>;
  };
}

/** An array of at most `lengthMax` of these. */
export function checkList<T>(check: Check<T>, lengthMax: number): Check<readonly T[]> {
  return (value) => {
    if (!Array.isArray(value) || value.length > lengthMax) throw expected(`a list of at most ${lengthMax}`, value);
    return (value as readonly unknown[]).map((item) => check(item));
  };
}

/**
 * A tuple that begins with its kind, an integer: `checkKinds({ 1: checkTuple(checkInt(1, 1), …), 2: … })`.
 * The check of a kind gets the whole tuple.
 */
export function checkKinds<const T extends Readonly<Record<number, Check<unknown>>>>(
  kinds: T,
): Check<T[keyof T] extends Check<infer V> ? V : never> {
  const checks = new Map(Object.entries(kinds).map(([kind, check]) => [Number(kind), check as Check<unknown>]));
  return (value) => {
    const check = Array.isArray(value) ? checks.get(value[0] as number) : undefined;
    if (check === undefined) throw expected(`an array that begins with one of ${[...checks.keys()].join(", ")}`, value);
    return check(value) as T[keyof T] extends Check<infer V> ? V : never;
  };
}

function expected(what: string, value: unknown): TypeError {
  return new TypeError(`expected ${what}, got ${describe(value)}`);
}

function describe(value: unknown): string {
  if (value === null || value === undefined || typeof value === "boolean" || typeof value === "number")
    return String(value);
  if (typeof value === "string") return `a text of ${value.length} characters`;
  if (value instanceof Uint8Array) return `${value.length} bytes`;
  if (Array.isArray(value)) return `an array of ${value.length}`;
  return typeof value === "object" ? "an object" : `a ${typeof value}`;
}
