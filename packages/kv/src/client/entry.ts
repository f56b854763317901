import { type CallOptions, QuorateError, type ReadOptions } from "@quorate/machine";
import { type KeyRange as RangeTuple, type KeyTuple, RANGE_KEY, RANGE_PREFIX, RANGE_SPAN } from "../machine/command.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true });

/** A value: bytes, or a text that is stored as UTF-8. */
export type Value = string | Uint8Array;

/** The bytes of a value. */
export function bytesOfValue(value: Value): Uint8Array {
  return typeof value === "string" ? encoder.encode(value) : value;
}

/** The text of a value. Throws TypeError where it is not UTF-8. */
export function textOfValue(value: Uint8Array): string {
  return decoder.decode(value);
}

/** A key of the store, as it was at one revision. */
export class KvEntry {
  readonly key: string;
  /** Empty where values were left out. */
  readonly value: Uint8Array;
  /** Of the put that made the key, since it was last absent. */
  readonly createRevision: number;
  /** Of the last change. */
  readonly modRevision: number;
  /** 1 when made; one more with each revision that changes it. */
  readonly version: number;
  /** The key is deleted when this session ends; 0: it is bound to none. */
  readonly session: number;
  /** Log time at which the key expires; 0: never. */
  readonly expiresAtMs: number;

  constructor(tuple: KeyTuple) {
    [this.key, , this.createRevision, this.modRevision, this.version, this.session, this.expiresAtMs] = tuple;
    this.value = tuple[1] ?? new Uint8Array(0);
  }

  /** The value as text. Throws TypeError where it is not UTF-8. */
  get text(): string {
    return textOfValue(this.value);
  }
}

export function entryOf(tuple: KeyTuple | null): KvEntry | null {
  return tuple === null ? null : new KvEntry(tuple);
}

/**
 * Which keys: one, all that begin with a prefix, or `from` … before `end` (without it, to the last). Keys are in the order of
 * their UTF-16 code units, as `<` compares strings.
 */
export type KvRange =
  { readonly key: string } | { readonly prefix: string } | { readonly from: string; readonly end?: string };

/** A lone half of a surrogate pair has no UTF-8: it would arrive as another key. */
const ILL_FORMED = /[\uD800-\uDFFF]/u;

/** A text as a key or the bound of a range. Throws QuorateError `BAD_OPTION` where it is not well-formed. */
export function checkedKey(key: string): string {
  if (ILL_FORMED.test(key)) {
    throw new QuorateError(
      "BAD_OPTION",
      "not-applied",
      `The key ${JSON.stringify(key)} holds half a surrogate pair, which has no UTF-8. Use a well-formed string.`,
    );
  }
  return key;
}

export function rangeTuple(range: KvRange): RangeTuple {
  if ("key" in range) return [RANGE_KEY, checkedKey(range.key), ""];
  if ("prefix" in range) return [RANGE_PREFIX, checkedKey(range.prefix), ""];
  return [RANGE_SPAN, checkedKey(range.from), checkedKey(range.end ?? "")];
}

/** Options of a put. */
export interface LifetimeOptions {
  /** The key is deleted when the caller's session ends. Default false. */
  readonly ephemeral?: boolean;
  /** Milliseconds of log time (which stands still while there is no leader) until the key expires. Default 0: never. */
  readonly ttlMs?: number;
  /** The key keeps the session and the expiry it has. Default false: a put without the two options above removes both. */
  readonly keepLifetime?: boolean;
}

export interface PutOptions extends LifetimeOptions, CallOptions {
  /** Answer with the entry that was there before. Default false. */
  readonly previous?: boolean;
}

/** Options of a read. */
export interface KvReadOptions extends ReadOptions {
  /** The state after all steps up to this revision, while the history still has it. Default 0: now. */
  readonly atRevision?: number;
}

/** Options of a range. */
export interface RangeOptions extends KvReadOptions {
  /** Keys at most. Default 0: as many as fit a page (10,000 keys, 1 MiB). */
  readonly limit?: number;
  /** Only keys behind this one, in the order asked for: the `next` of the page before. Default: from the start. */
  readonly after?: string;
  /** From the last key to the first. Default false. */
  readonly descending?: boolean;
  /** Leave the values out. Default false. */
  readonly keysOnly?: boolean;
}
