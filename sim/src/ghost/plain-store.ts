import type { KvShape } from "@quorate/kv";
import { KvChanges } from "./kv-changes.ts";

type Command = KvShape["command"];
type Part = Exclude<Command, readonly [8, number]>;
type Result = KvShape["result"];
type Refused = Extract<Result, { readonly 0: 0 }>;
type Query = KvShape["query"];
type Answer = KvShape["answer"];
/** A key: name, value, revisions that made and last changed it, version, session, log time of its expiry. */
export type PlainKey = NonNullable<Extract<Answer, { readonly 0: 1 }>[1]>;
type KeyRange = Extract<Part, { readonly 0: 2 }>[1];
type Compare = Extract<Part, { readonly 0: 6 }>[1][number];
type Lifetime = readonly [session: number, expiresAtMs: number];

const FOREVER: Lifetime = [0, 0];
const PREVIOUS = 1;
const EPHEMERAL = 2;
const KEEP_VALUE = 4;
const KEEP_LIFETIME = 8;
const DESCENDING = 16;
const KEYS_ONLY = 32;
const COUNT_ONLY = 64;
const COMPARE_LOCK = 6;
const COMPARE_SESSION_LIVES = 7;

/** When, and by whom, a command is carried out. */
export interface PlainAt {
  readonly revision: number;
  readonly logTimeMs: number;
  readonly session: number;
  readonly lives: (session: number) => boolean;
  /** What the store of production said: whether a lock is held is not computed here. */
  readonly told: Result;
}

/**
 * The key-value store once more, as plain as it can be: a map, and for each key the list of all that it ever was. It follows the commands of the log, beside
 * the machine of production; what it does not follow are that one's limits, which no run comes near.
 */
export class PlainStore {
  readonly changes: KvChanges = new KvChanges();
  readonly #now = new Map<string, PlainKey>();
  /** Ascending by revision; null: absent from there on. */
  readonly #past = new Map<string, { readonly revision: number; readonly key: PlainKey | null }[]>();

  /** What the command answers. A refusal changes nothing. */
  apply(command: Command, at: PlainAt): Result {
    // How far the history is cut is a limit, too.
    if (command[0] === 8) return at.told;
    const step = new PlainStep(this.#now, at);
    const result = step.carryOut(command, at.told);
    if (result[0] !== 0) this.#commit(step, at.revision);
    return result;
  }

  /** Keys of these sessions go, and those that have expired. */
  pass(sessions: readonly number[], logTimeMs: number, revision: number): void {
    const isOver = ([, , , , , session, expiresAtMs]: PlainKey): boolean =>
      sessions.includes(session) || (expiresAtMs !== 0 && expiresAtMs <= logTimeMs);
    for (const key of [...this.#now.values()]) if (isOver(key)) this.#set(key[0], null, revision);
  }

  /** The keys in a range, in order, as they were at a revision. */
  at(revision: number, range: KeyRange): readonly PlainKey[] {
    const names = range[0] === 1 ? [range[1]] : [...this.#past.keys()].filter((name) => isIn(name, range)).sort();
    return names.map((name) => this.#at(name, revision)).filter((key) => key !== null);
  }

  /** What a query of gets and ranges answers; null: that is not known here. */
  query(query: Query, revision: number): Answer | null {
    if (query[0] === 3) return null;
    if (query[0] === 1) return [1, this.#at(query[1], query[2] || revision)];
    const [, range, after, limit, flags, atRevision] = query;
    return pageOf(this.at(atRevision || revision, range), after, limit, flags);
  }

  #at(name: string, revision: number): PlainKey | null {
    return this.#past.get(name)?.findLast((each) => each.revision <= revision)?.key ?? null;
  }

  #commit(step: PlainStep, revision: number): void {
    for (const [name, key] of step.made) if (key !== null || this.#now.has(name)) this.#set(name, key, revision);
  }

  #set(name: string, key: PlainKey | null, revision: number): void {
    if (key === null) this.#now.delete(name);
    else this.#now.set(name, key);
    const past = this.#past.get(name);
    if (past === undefined) this.#past.set(name, [{ revision, key }]);
    else past.push({ revision, key });
    this.changes.add({ revision, key: name, value: key === null ? null : key[1]! });
  }
}

/** One command at work: it reads what it wrote, and nobody else does before it has ended. */
class PlainStep {
  /** What it made of each key that it touched. */
  readonly made = new Map<string, PlainKey | null>();
  readonly #before: ReadonlyMap<string, PlainKey>;
  readonly #at: PlainAt;

  constructor(before: ReadonlyMap<string, PlainKey>, at: PlainAt) {
    this.#before = before;
    this.#at = at;
  }

  carryOut(part: Part, told: Result | null): Exclude<Result, readonly [8, number]> {
    switch (part[0]) {
      case 1: {
        const [, name, value, flags, ttlMs] = part;
        const before = this.#get(name);
        const keeps = (flags & KEEP_VALUE) !== 0;
        if (keeps && before === null) return [0, "KEY_ABSENT", name, 0, 0];
        const refused = this.#put(name, keeps ? before![1]! : value!, flags, ttlMs);
        return refused ?? [1, (flags & PREVIOUS) === 0 ? null : before];
      }
      case 2: {
        const [, range, limit, flags] = part;
        const all = this.#in(range);
        const gone = limit === 0 ? all : all.slice(0, limit);
        for (const [name] of gone) this.made.set(name, null);
        return [2, gone.length, (flags & PREVIOUS) === 0 ? [] : gone, gone.length < all.length];
      }
      case 3: {
        const [, name, expected, value, flags, ttlMs] = part;
        const found = this.#get(name);
        if (!isAs(found, expected)) return [3, false, found];
        if (value !== null) return this.#put(name, value, flags, ttlMs) ?? [3, true, found];
        if (found !== null) this.made.set(name, null);
        return [3, true, found];
      }
      case 4: {
        const [, name, by] = part;
        const before = this.#get(name);
        const text = before === null ? "0" : String.fromCharCode(...before[1]!);
        if (!/^(?:0|-?[1-9][0-9]{0,15})$/u.test(text)) return [0, "NOT_A_NUMBER", name, 0, 0];
        const sum = Number(text) + by;
        this.#set(name, new TextEncoder().encode(String(sum)), lifetimeOf(before));
        return [4, sum];
      }
      case 5: {
        const [, name, tail] = part;
        const before = this.#get(name);
        const value = Uint8Array.of(...(before?.[1] ?? []), ...tail);
        this.#set(name, value, lifetimeOf(before));
        return [5, value.length];
      }
      case 6: {
        const [, compares, then, otherwise] = part;
        const toldHolds = told?.[0] === 6 && told[1];
        const succeeded = compares.every((each) => (each[0] === COMPARE_LOCK ? toldHolds : this.#holds(each)));
        const results: Exclude<Result, Refused | readonly [8, number]>[] = [];
        for (const each of succeeded ? then : otherwise) {
          const result = this.carryOut(each, null);
          if (result[0] === 0) return result;
          results.push(result);
        }
        return [6, succeeded, results];
      }
      case 7: {
        const [, range, after, limit, flags] = part;
        return pageOf(this.#in(range), after, limit, flags);
      }
    }
  }

  #get(name: string): PlainKey | null {
    const made = this.made.get(name);
    return made === undefined ? (this.#before.get(name) ?? null) : made;
  }

  #in(range: KeyRange): readonly PlainKey[] {
    const names = new Set([...this.#before.keys(), ...this.made.keys()]);
    return [...names]
      .filter((name) => isIn(name, range))
      .sort()
      .map((name) => this.#get(name))
      .filter((key) => key !== null);
  }

  #put(name: string, value: Uint8Array, flags: number, ttlMs: number): Refused | null {
    const { session, logTimeMs } = this.#at;
    const isBound = (flags & EPHEMERAL) !== 0;
    if ((flags & KEEP_LIFETIME) !== 0) this.#set(name, value, lifetimeOf(this.#get(name)));
    else if (isBound && session === 0) return [0, "NO_SESSION", name, 0, 0];
    else this.#set(name, value, [isBound ? session : 0, ttlMs === 0 ? 0 : logTimeMs + ttlMs]);
    return null;
  }

  #set(name: string, value: Uint8Array, [session, expiresAtMs]: Lifetime): void {
    const { revision } = this.#at;
    const before = this.#get(name);
    const version = before === null ? 1 : before[3] === revision ? before[4] : before[4] + 1;
    this.made.set(name, [name, value, before?.[2] ?? revision, revision, version, session, expiresAtMs]);
  }

  #holds(compare: Exclude<Compare, readonly [6, string, number]>): boolean {
    if (compare[0] === COMPARE_SESSION_LIVES) return this.#at.lives(compare[1]);
    const [target, range, operator, operand] = compare;
    const keys = range[0] === 1 ? [this.#get(range[1])] : this.#in(range);
    return keys.every((key) => {
      if (target === 1) return key === null ? operator === 2 : isOrder(compareBytes(key[1]!, operand), operator);
      const field = { 2: 4, 3: 2, 4: 3, 5: 5 } as const;
      return isOrder((key === null ? 0 : key[field[target]]) - operand, operator);
    });
  }
}

function lifetimeOf(key: PlainKey | null): Lifetime {
  return key === null ? FOREVER : [key[5], key[6]];
}

function isIn(name: string, [kind, from, end]: KeyRange): boolean {
  if (kind === 1) return name === from;
  return kind === 2 ? name.startsWith(from) : name >= from && (end === "" || name < end);
}

function isAs(key: PlainKey | null, expected: Extract<Part, { readonly 0: 3 }>[2]): boolean {
  if (expected[0] === 0 || key === null) return expected[0] === 0 && key === null;
  return expected[0] === 1 ? compareBytes(key[1]!, expected[1]) === 0 : key[3] === expected[1];
}

function isOrder(order: number, operator: number): boolean {
  return [order === 0, order !== 0, order < 0, order > 0][operator - 1]!;
}

function compareBytes(left: Uint8Array, right: Uint8Array): number {
  const at = left.findIndex((byte, index) => byte !== right[index]);
  return at < 0 || at >= right.length ? left.length - right.length : left[at]! - right[at]!;
}

function pageOf(
  keys: readonly PlainKey[],
  after: string,
  limit: number,
  flags: number,
): Extract<Result, { readonly 0: 7 }> {
  const isDown = (flags & DESCENDING) !== 0;
  const ordered = isDown ? [...keys].reverse() : keys;
  const left = after === "" ? ordered : ordered.filter(([name]) => (isDown ? name < after : name > after));
  const page = limit === 0 ? left : left.slice(0, limit);
  const next = page.length < left.length ? page.at(-1)![0] : "";
  if ((flags & COUNT_ONLY) !== 0) return [7, [], page.length, next];
  const told = (flags & KEYS_ONLY) === 0 ? page : page.map(([name, , ...rest]): PlainKey => [name, null, ...rest]);
  return [7, told, page.length, next];
}
