import { decodeCbor, encodeCbor } from "@quorate/machine";
import { WIRE_VERSION } from "./tags.ts";

/** A frame that breaks the protocol: its connection is closed with this as the reason. */
export class BadFrame extends Error {
  /** `version`: made by a newer or older program, not by a broken one. */
  readonly kind: "bytes" | "version";

  constructor(why: string, kind: "bytes" | "version" = "bytes", cause?: unknown) {
    super(why, { cause });
    this.name = "BadFrame";
    this.kind = kind;
  }
}

/** One item of a frame: a tuple that begins with its tag. Nothing in it but the tag is checked yet. */
export type Item = readonly [tag: number, ...fields: unknown[]];

/** Bounds of what a frame may hold. */
export const FRAME_LIMITS: {
  /** Items of one frame. */
  readonly itemsMax: number;
  /** Entries of one accept, learn or promise. */
  readonly entriesMax: number;
  /** Characters of a text: names, endpoints, credentials. */
  readonly nameLengthMax: number;
  /** Characters of a text for people. */
  readonly messageLengthMax: number;
  /** Fields of a status. */
  readonly statusFieldsMax: number;
} = { itemsMax: 1 << 20, entriesMax: 1 << 16, nameLengthMax: 512, messageLengthMax: 8192, statusFieldsMax: 1024 };

/**
 * The items of a frame. Byte strings in them are copies, so that what is kept of a frame never holds the frame in memory.
 *
 * @throws BadFrame
 */
export function openFrame(bytes: Uint8Array): readonly Item[] {
  let value: unknown;
  try {
    value = decodeCbor(bytes);
  } catch (cause) {
    throw new BadFrame(cause instanceof Error ? cause.message : "not CBOR", "bytes", cause);
  }
  if (!Array.isArray(value) || value.length === 0)
    throw new BadFrame("a frame is an array that begins with its version");
  const frame = value as unknown[];
  if (frame[0] !== WIRE_VERSION) {
    throw new BadFrame(`version ${show(frame[0])} is not spoken here, version ${WIRE_VERSION} is`, "version");
  }
  if (frame.length - 1 > FRAME_LIMITS.itemsMax)
    throw new BadFrame(`more than ${FRAME_LIMITS.itemsMax} items in a frame`);
  frame.shift();
  for (const item of frame) {
    if (!Array.isArray(item) || typeof item[0] !== "number")
      throw new BadFrame("an item is an array that begins with its tag");
  }
  return frame as unknown as readonly Item[];
}

/** A frame of whole items. */
export function encodeFrame(items: readonly Item[]): Uint8Array {
  return encodeCbor([WIRE_VERSION, ...items]);
}

const frameHeads: Uint8Array[] = [];

/** What stands before `count` encoded items in a frame: the head of the array and the version. */
export function frameHead(count: number): Uint8Array {
  const known = frameHeads[count];
  if (known !== undefined) return known;
  const length = count + 1;
  const head =
    length < 24
      ? Uint8Array.of(0x80 | length, WIRE_VERSION)
      : length < 0x100
        ? Uint8Array.of(0x98, length, WIRE_VERSION)
        : length < 0x10000
          ? Uint8Array.of(0x99, length >>> 8, length, WIRE_VERSION)
          : Uint8Array.of(0x9a, length >>> 24, length >>> 16, length >>> 8, length, WIRE_VERSION);
  if (count < 256) frameHeads[count] = head;
  return head;
}

/** The item has exactly `length` elements, its tag included. */
export function size(item: Item, length: number): void {
  if (item.length !== length) throw new BadFrame(`tag ${item[0]} has ${length - 1} fields, got ${item.length - 1}`);
}

/** An integer from `from` to `to`. */
export function int(value: unknown, from: number, to: number): number {
  if (typeof value !== "number" || !Number.isSafeInteger(value) || value < from || value > to) {
    throw new BadFrame(`expected an integer from ${from} to ${to}, got ${show(value)}`);
  }
  return value;
}

/** An integer from 0 to 2^53 − 1. */
export function natural(value: unknown): number {
  if (typeof value !== "number" || !Number.isSafeInteger(value) || value < 0) {
    throw new BadFrame(`expected an integer from 0 to 2^53 - 1, got ${show(value)}`);
  }
  return value;
}

/** A finite number that is not negative. */
export function milliseconds(value: unknown): number {
  if (typeof value !== "number" || !(value >= 0 && value <= Number.MAX_SAFE_INTEGER)) {
    throw new BadFrame(`expected milliseconds, got ${show(value)}`);
  }
  return value;
}

/** `true` or `false`. */
export function flag(value: unknown): boolean {
  if (typeof value !== "boolean") throw new BadFrame(`expected true or false, got ${show(value)}`);
  return value;
}

/** A text of at most `lengthMax` characters. */
export function text(value: unknown, lengthMax: number = FRAME_LIMITS.nameLengthMax): string {
  if (typeof value !== "string" || value.length > lengthMax) {
    throw new BadFrame(`expected a text of at most ${lengthMax} characters, got ${show(value)}`);
  }
  return value;
}

/** A byte string. Its length is bounded by that of the frame. */
export function bytes(value: unknown): Uint8Array {
  if (!(value instanceof Uint8Array)) throw new BadFrame(`expected bytes, got ${show(value)}`);
  return value;
}

/** An array of at most `lengthMax`. */
export function list(value: unknown, lengthMax: number): readonly unknown[] {
  if (!Array.isArray(value) || value.length > lengthMax) {
    throw new BadFrame(`expected a list of at most ${lengthMax}, got ${show(value)}`);
  }
  return value as readonly unknown[];
}

/** An array of exactly `length`. */
export function tuple(value: unknown, length: number): readonly unknown[] {
  if (!Array.isArray(value) || value.length !== length)
    throw new BadFrame(`expected an array of ${length}, got ${show(value)}`);
  return value as readonly unknown[];
}

/** The word that a number stands for. */
export function word<const T extends readonly string[]>(value: unknown, words: T): T[number] {
  const found = typeof value === "number" ? words[value] : undefined;
  if (found === undefined) throw new BadFrame(`expected a number below ${words.length}, got ${show(value)}`);
  return found;
}

function show(value: unknown): string {
  if (typeof value === "string") return `a text of ${value.length} characters`;
  if (value instanceof Uint8Array) return `${value.length} bytes`;
  if (Array.isArray(value)) return `an array of ${value.length}`;
  return typeof value === "object" && value !== null ? "an object" : String(value);
}
