import type { Check } from "./check.ts";
import type { Codec } from "./codec.ts";
import { plainBytes } from "./plain-bytes.ts";
import { copyOf } from "./small-copies.ts";

/**
 * CBOR (RFC 8949), the part of it that has one encoding per value: "core deterministic encoding" (section 4.2.1) of
 * null, undefined, booleans, numbers, text, byte strings, arrays, and plain objects with text keys.
 * No tags, no indefinite lengths, no other simple values; a float is always 64 bits wide and never holds a safe integer.
 * What is not in that shortest form is refused, so decoding and encoding again gives the same bytes.
 *
 * Every number goes and comes as it is, −0, NaN and the infinities included. The order of an object's keys is *not* kept: they are sorted.
 */

/** Arrays and objects inside each other, at most. Deeper input is refused before it can exhaust the stack. */
export const CBOR_DEPTH_MAX = 64;

/** The buffer that encoding reuses is let go when it has grown beyond this. */
const SCRATCH_BYTES_KEPT_MAX = 1 << 20;
const SCRATCH_BYTES_START = 4096;
/** An array gets room for so many items before it is known to have them. */
const LENGTH_TRUSTED_MAX = 256;
/** Texts up to this length are copied by a loop; longer ones by the platform. */
const LOOP_TEXT_LENGTH_MAX = 64;

const INTEGER = 0;
const NEGATIVE = 1;
const BYTES = 2;
const TEXT = 3;
const ARRAY = 4;
const MAP = 5;
const SIMPLE = 7;
const FALSE = 0xf4;
const TRUE = 0xf5;
const NULL = 0xf6;
const UNDEFINED = 0xf7;
const FLOAT_64 = 0xfb;

const utf8Encoder = new TextEncoder();
const utf8Decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/**
 * The bytes of a value: exactly as long as needed, and nobody else's. Their `buffer` may be larger, by up to 2 KiB.
 *
 * @throws TypeError for anything else than the values named above: a bigint, a function, a symbol, an instance of a class (`Map`, `Date` …),
 * a text with half a surrogate pair, or more than `CBOR_DEPTH_MAX` levels.
 */
export function encodeCbor(value: unknown): Uint8Array {
  const writer = idleWriter ?? new Writer();
  // A getter of the value may encode something itself: it then finds no idle writer and makes its own.
  idleWriter = null;
  try {
    writer.position = 0;
    writer.write(value, 0);
    return copyOf(writer.bytes, 0, writer.position);
  } finally {
    if (writer.bytes.length <= SCRATCH_BYTES_KEPT_MAX) idleWriter = writer;
  }
}

/**
 * The value of bytes that `encodeCbor` could have made. Byte strings in it are copies: the value never holds `bytes` in memory. Their `buffer` may be
 * larger, by up to 2 KiB.
 * What it returns is unchecked: put a `Check` behind it, or use `cbor`.
 *
 * @throws TypeError for anything that `encodeCbor` does not make.
 */
export function decodeCbor(bytes: Uint8Array): unknown {
  // Decoding calls nobody back, so one reader is enough.
  const reader = theReader;
  reader.open(plainBytes(bytes));
  try {
    const value = reader.read(0);
    if (reader.position !== bytes.length) throw malformed(`${bytes.length - reader.position} bytes follow the value`);
    return value;
  } finally {
    reader.open(NOTHING);
  }
}

/** A codec whose `decode` returns only what `check` returned. */
export function cbor<T>(check: Check<T>): Codec<T> {
  return {
    encode: encodeCbor,
    decode: (bytes) => check(decodeCbor(bytes)),
  };
}

class Writer {
  bytes: Uint8Array<ArrayBuffer> = new Uint8Array(SCRATCH_BYTES_START);
  position = 0;
  private view: DataView = new DataView(this.bytes.buffer);

  write(value: unknown, depth: number): void {
    switch (typeof value) {
      case "number":
        return this.writeNumber(value);
      case "string":
        return this.writeText(value);
      case "boolean":
        return this.writeByte(value ? TRUE : FALSE);
      case "undefined":
        return this.writeByte(UNDEFINED);
      case "object":
        if (value === null) return this.writeByte(NULL);
        if (value instanceof Uint8Array) return this.writeBytes(value);
        if (depth >= CBOR_DEPTH_MAX) throw unencodable(`more than ${CBOR_DEPTH_MAX} levels (a cycle?)`);
        return Array.isArray(value) ? this.writeArray(value, depth) : this.writeObject(value, depth);
      default:
        throw unencodable(`a ${typeof value}`);
    }
  }

  private writeByte(byte: number): void {
    this.makeRoom(1);
    this.bytes[this.position++] = byte;
  }

  private writeNumber(value: number): void {
    if (Number.isSafeInteger(value) && !Object.is(value, -0)) {
      this.makeRoom(9);
      if (value >= 0) this.writeHead(INTEGER, value);
      else this.writeHead(NEGATIVE, -1 - value);
      return;
    }
    this.makeRoom(9);
    this.bytes[this.position++] = FLOAT_64;
    if (Number.isNaN(value)) {
      // The platform may choose the bits of a NaN; these are the ones that RFC 8949 prefers.
      this.view.setUint32(this.position, 0x7ff80000);
      this.view.setUint32(this.position + 4, 0);
    } else {
      this.view.setFloat64(this.position, value);
    }
    this.position += 8;
  }

  private writeText(text: string): void {
    const { length } = text;
    if (length <= LOOP_TEXT_LENGTH_MAX) {
      this.makeRoom(9 + length);
      const start = this.position;
      this.writeHead(TEXT, length);
      const from = this.position;
      let index = 0;
      for (; index < length; index++) {
        const unit = text.charCodeAt(index);
        if (unit > 0x7f) break;
        this.bytes[from + index] = unit;
      }
      if (index === length) {
        this.position = from + length;
        return;
      }
      this.position = start;
    }
    const encoded = utf8Encoder.encode(text);
    if (encoded.length !== length && !isWellFormed(text)) throw unencodable("a text with half a surrogate pair");
    this.makeRoom(9 + encoded.length);
    this.writeHead(TEXT, encoded.length);
    this.bytes.set(encoded, this.position);
    this.position += encoded.length;
  }

  private writeBytes(value: Uint8Array): void {
    this.makeRoom(9 + value.length);
    this.writeHead(BYTES, value.length);
    this.bytes.set(value, this.position);
    this.position += value.length;
  }

  private writeArray(value: readonly unknown[], depth: number): void {
    this.makeRoom(9);
    this.writeHead(ARRAY, value.length);
    for (let index = 0; index < value.length; index++) this.write(value[index], depth + 1);
  }

  private writeObject(value: object, depth: number): void {
    const prototype: unknown = Object.getPrototypeOf(value);
    if (prototype !== Object.prototype && prototype !== null) {
      throw unencodable(`an instance of ${String((value.constructor as { name?: unknown } | undefined)?.name)}`);
    }
    const keys = Object.keys(value);
    if (keys.length > 1) keys.sort(compareKeys);
    this.makeRoom(9);
    this.writeHead(MAP, keys.length);
    for (const key of keys) {
      this.writeText(key);
      this.write((value as Record<string, unknown>)[key], depth + 1);
    }
  }

  /** There must be room for 9 bytes. */
  private writeHead(major: number, argument: number): void {
    const { bytes } = this;
    const high = major << 5;
    if (argument < 24) {
      bytes[this.position++] = high | argument;
    } else if (argument < 0x100) {
      bytes[this.position++] = high | 24;
      bytes[this.position++] = argument;
    } else if (argument < 0x10000) {
      bytes[this.position++] = high | 25;
      bytes[this.position++] = argument >>> 8;
      bytes[this.position++] = argument;
    } else if (argument < 0x100000000) {
      bytes[this.position++] = high | 26;
      this.view.setUint32(this.position, argument);
      this.position += 4;
    } else {
      bytes[this.position++] = high | 27;
      this.view.setUint32(this.position, Math.floor(argument / 0x100000000));
      this.view.setUint32(this.position + 4, argument % 0x100000000);
      this.position += 8;
    }
  }

  private makeRoom(count: number): void {
    const needed = this.position + count;
    if (needed <= this.bytes.length) return;
    const grown = new Uint8Array(Math.max(needed, this.bytes.length * 2));
    grown.set(this.bytes.subarray(0, this.position));
    this.bytes = grown;
    this.view = new DataView(grown.buffer);
  }
}

let idleWriter: Writer | null = null;

const NOTHING: Uint8Array = new Uint8Array(0);
const floatBytes = new Uint8Array(8);
const floatView = new DataView(floatBytes.buffer);

class Reader {
  position = 0;
  private bytes: Uint8Array = NOTHING;

  open(bytes: Uint8Array): void {
    this.bytes = bytes;
    this.position = 0;
  }

  read(depth: number): unknown {
    const first = this.readByte();
    const major = first >>> 5;
    if (major === SIMPLE) return this.readSimple(first);
    const argument = this.readArgument(first & 0x1f);
    switch (major) {
      case INTEGER:
        return argument;
      case NEGATIVE:
        if (argument === Number.MAX_SAFE_INTEGER) throw malformed("an integer beyond 2^53 − 1");
        return -1 - argument;
      case BYTES: {
        const from = this.take(argument);
        return copyOf(this.bytes, from, this.position);
      }
      case TEXT:
        return this.readText(argument);
      case ARRAY:
        return this.readArray(argument, depth);
      case MAP:
        return this.readObject(argument, depth);
      default:
        throw malformed("a tag");
    }
  }

  private readByte(): number {
    if (this.position >= this.bytes.length) throw malformed("it ends too early");
    return this.bytes[this.position++]!;
  }

  /** Moves over `count` bytes, and returns where they began. */
  private take(count: number): number {
    const from = this.position;
    if (count > this.bytes.length - from) throw malformed("it ends too early");
    this.position = from + count;
    return from;
  }

  private readArgument(info: number): number {
    if (info < 24) return info;
    let value: number;
    let shortest: boolean;
    switch (info) {
      case 24:
        value = this.readByte();
        shortest = value >= 24;
        break;
      case 25:
        value = this.readUint16(this.take(2));
        shortest = value >= 0x100;
        break;
      case 26:
        value = this.readUint32(this.take(4));
        shortest = value >= 0x10000;
        break;
      case 27: {
        const from = this.take(8);
        value = this.readUint32(from) * 0x100000000 + this.readUint32(from + 4);
        shortest = value >= 0x100000000;
        if (value > Number.MAX_SAFE_INTEGER) throw malformed("an integer beyond 2^53 − 1");
        break;
      }
      default:
        throw malformed("an indefinite length");
    }
    if (!shortest) throw malformed("an integer or a length that is not in its shortest form");
    return value;
  }

  private readUint16(from: number): number {
    return (this.bytes[from]! << 8) | this.bytes[from + 1]!;
  }

  private readUint32(from: number): number {
    return this.readUint16(from) * 0x10000 + this.readUint16(from + 2);
  }

  private readSimple(first: number): unknown {
    switch (first) {
      case FALSE:
        return false;
      case TRUE:
        return true;
      case NULL:
        return null;
      case UNDEFINED:
        return undefined;
      case FLOAT_64:
        return this.readFloat();
      default:
        throw malformed("a short float or an unknown simple value");
    }
  }

  private readFloat(): number {
    const from = this.take(8);
    for (let index = 0; index < 8; index++) floatBytes[index] = this.bytes[from + index]!;
    const value = floatView.getFloat64(0);
    if (Number.isNaN(value)) {
      if (this.readUint32(from) !== 0x7ff80000 || this.readUint32(from + 4) !== 0) throw malformed("an unusual NaN");
    } else if (Number.isSafeInteger(value) && !Object.is(value, -0)) {
      throw malformed("an integer written as a float");
    }
    return value;
  }

  private readText(length: number): string {
    const from = this.take(length);
    const { bytes, position } = this;
    if (length <= LOOP_TEXT_LENGTH_MAX) {
      let bits = 0;
      for (let index = from; index < position; index++) bits |= bytes[index]!;
      if (bits < 0x80) return readAscii(bytes, from, position);
    }
    try {
      return utf8Decoder.decode(bytes.subarray(from, position));
    } catch (cause) {
      throw malformed("a text that is not UTF-8", cause);
    }
  }

  private readArray(length: number, depth: number): unknown[] {
    this.enter(length, depth);
    // As long as it will be, since one that grows is copied as it does; unless that may be a lie that costs something.
    const array: unknown[] = length <= LENGTH_TRUSTED_MAX ? new Array<unknown>(length) : [];
    for (let index = 0; index < length; index++) array[index] = this.read(depth + 1);
    return array;
  }

  private readObject(length: number, depth: number): Record<string, unknown> {
    this.enter(length * 2, depth);
    const object: Record<string, unknown> = {};
    let before = "";
    for (let index = 0; index < length; index++) {
      const first = this.readByte();
      if (first >>> 5 !== TEXT) throw malformed("a key that is not a text");
      const key = this.readText(this.readArgument(first & 0x1f));
      if (index > 0 && compareKeys(before, key) >= 0) throw malformed("keys out of order, or one twice");
      before = key;
      const value = this.read(depth + 1);
      if (key === "__proto__") {
        Object.defineProperty(object, key, { value, writable: true, enumerable: true, configurable: true });
      } else object[key] = value;
    }
    return object;
  }

  /** Every item takes a byte at least, so a claimed length beyond the bytes at hand is a lie that costs nothing. */
  private enter(items: number, depth: number): void {
    if (depth >= CBOR_DEPTH_MAX) throw malformed(`more than ${CBOR_DEPTH_MAX} levels`);
    if (items > this.bytes.length - this.position) throw malformed("it ends too early");
  }
}

const theReader: Reader = new Reader();

/** Eight characters a call: one by one they would make a string each. */
function readAscii(bytes: Uint8Array, from: number, end: number): string {
  let text = "";
  let at = from;
  for (; at + 8 <= end; at += 8) {
    text += String.fromCharCode(
      bytes[at]!,
      bytes[at + 1]!,
      bytes[at + 2]!,
      bytes[at + 3]!,
      bytes[at + 4]!,
      bytes[at + 5]!,
      bytes[at + 6]!,
      bytes[at + 7]!,
    );
  }
  if (at + 4 <= end) {
    text += String.fromCharCode(bytes[at]!, bytes[at + 1]!, bytes[at + 2]!, bytes[at + 3]!);
    at += 4;
  }
  for (; at < end; at++) text += String.fromCharCode(bytes[at]!);
  return text;
}

/** The order of RFC 8949 section 4.2.1: by length in UTF-8, then by bytes, which is by code points. */
function compareKeys(a: string, b: string): number {
  const byLength = utf8Length(a) - utf8Length(b);
  if (byLength !== 0 || a === b) return byLength;
  for (let index = 0; ; index++) {
    const difference = codePointRank(a.charCodeAt(index)) - codePointRank(b.charCodeAt(index));
    if (difference !== 0) return difference;
  }
}

/** Lifts surrogates above all other UTF-16 units, where the code points that they make stand. */
function codePointRank(unit: number): number {
  if (unit < 0xd800) return unit;
  return unit < 0xe000 ? unit + 0x2000 : unit - 0x800;
}

function utf8Length(text: string): number {
  let length = text.length;
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index);
    // Each half of a surrogate pair counts two of its four bytes.
    if (unit > 0x7f) length += unit > 0x7ff && (unit < 0xd800 || unit > 0xdfff) ? 2 : 1;
  }
  return length;
}

function isWellFormed(text: string): boolean {
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index);
    if (unit < 0xd800 || unit > 0xdfff) continue;
    const next = text.charCodeAt(index + 1);
    if (unit > 0xdbff || !(next >= 0xdc00 && next <= 0xdfff)) return false;
    index++;
  }
  return true;
}

function malformed(what: string, cause?: unknown): TypeError {
  return new TypeError(`not the CBOR that is spoken here: ${what}`, { cause });
}

function unencodable(what: string): TypeError {
  return new TypeError(
    `cannot be encoded: ${what}; use null, booleans, numbers, texts, byte strings, arrays and plain objects`,
  );
}
