const utf8Encoder = new TextEncoder();
const utf8Decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Fields one after the other in one growing buffer. Integers take 7 bits a byte, lowest first. */
export class ByteWriter {
  #bytes: Uint8Array = new Uint8Array(4096);
  #view: DataView = new DataView(this.#bytes.buffer);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  /** What was written; valid until the next write. */
  written(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  clear(): void {
    this.#length = 0;
  }

  /** 0 … 2^53 − 1. */
  integer(value: number): void {
    this.#reserve(8);
    const bytes = this.#bytes;
    let rest = value;
    let at = this.#length;
    for (; rest > 0x7fffffff; rest = Math.floor(rest / 0x80)) bytes[at++] = (rest % 0x80) | 0x80;
    for (; rest > 0x7f; rest >>>= 7) bytes[at++] = (rest & 0x7f) | 0x80;
    bytes[at++] = rest;
    this.#length = at;
  }

  float(value: number): void {
    this.#reserve(8);
    this.#view.setFloat64(this.#length, value);
    this.#length += 8;
  }

  bytes(value: Uint8Array): void {
    this.integer(value.length);
    this.#reserve(value.length);
    this.#bytes.set(value, this.#length);
    this.#length += value.length;
  }

  text(value: string): void {
    const lengthMax = value.length * 3;
    if (lengthMax > 120) {
      this.bytes(utf8Encoder.encode(value));
      return;
    }
    // One byte is enough for the length, so it can be filled in behind.
    this.#reserve(lengthMax + 1);
    if (this.#ascii(value)) return;
    const { written } = utf8Encoder.encodeInto(value, this.#bytes.subarray(this.#length + 1));
    this.#bytes[this.#length] = written;
    this.#length += written + 1;
  }

  /** Writes a text of ASCII alone; of another, nothing that counts. */
  #ascii(value: string): boolean {
    const bytes = this.#bytes;
    const from = this.#length + 1;
    for (let index = 0; index < value.length; index++) {
      const unit = value.charCodeAt(index);
      if (unit > 0x7f) return false;
      bytes[from + index] = unit;
    }
    bytes[this.#length] = value.length;
    this.#length = from + value.length;
    return true;
  }

  #reserve(more: number): void {
    if (this.#length + more <= this.#bytes.length) return;
    const grown = new Uint8Array(Math.max(this.#bytes.length * 2, this.#length + more));
    grown.set(this.written());
    this.#bytes = grown;
    this.#view = new DataView(grown.buffer);
  }
}

/** Thrown by a reader that stands at the end of what has come so far. */
export class MoreBytesNeeded extends Error {}

/** Reads what `ByteWriter` wrote, from bytes that may end anywhere. Throws `MoreBytesNeeded` at their end, `RangeError` for a number that is none. */
export class ByteReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #position = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get position(): number {
    return this.#position;
  }

  integer(): number {
    let value = 0;
    for (let scale = 1; scale <= 2 ** 49; scale *= 0x80) {
      this.#need(1);
      const byte = this.#bytes[this.#position++] as number;
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) {
        if (!Number.isSafeInteger(value)) break;
        return value;
      }
    }
    throw new RangeError("an integer beyond 2^53");
  }

  float(): number {
    this.#need(8);
    const value = this.#view.getFloat64(this.#position);
    this.#position += 8;
    return value;
  }

  /** A copy, so that a value does not keep its chunk in memory. */
  bytes(): Uint8Array {
    return this.#part().slice();
  }

  text(): string {
    return utf8Decoder.decode(this.#part());
  }

  #part(): Uint8Array {
    const length = this.integer();
    this.#need(length);
    const part = this.#bytes.subarray(this.#position, this.#position + length);
    this.#position += length;
    return part;
  }

  #need(count: number): void {
    if (this.#position + count > this.#bytes.length) throw new MoreBytesNeeded();
  }
}
