import { QuorateError } from "./errors.ts";
import { plainBytes } from "./plain-bytes.ts";
import type { Image, Restore } from "./state-machine.ts";

/** A record of an image, at most: a longer claim is damage, not a record. */
const RECORD_BYTES_MAX = 1 << 30;
const LENGTH_BYTES = 4;

/**
 * An image from records: each as its length (u32, little-endian) and its bytes, cut wherever `bytesMax` says. However it is cut, the chunks put
 * together are the same bytes.
 *
 * @param records - over a state that never changes again: it is read later, while steps go on. Each record of at most 2^30 bytes.
 * @param release - runs once, when the image was read to its end or released.
 */
export function recordImage(records: Iterator<Uint8Array>, release: () => void = () => {}): Image {
  return new RecordImage(records, release);
}

class RecordImage implements Image {
  private readonly records: Iterator<Uint8Array>;
  private readonly onRelease: () => void;
  private rest: Uint8Array = new Uint8Array(0);
  private ended = false;
  private released = false;

  constructor(records: Iterator<Uint8Array>, onRelease: () => void) {
    this.records = records;
    this.onRelease = onRelease;
  }

  next(bytesMax: number): Uint8Array | null {
    const parts: Uint8Array[] = [];
    let bytesTotal = 0;
    while (bytesTotal < bytesMax && this.fill()) {
      const part = this.rest.subarray(0, bytesMax - bytesTotal);
      this.rest = this.rest.subarray(part.length);
      parts.push(part);
      bytesTotal += part.length;
    }
    return bytesTotal === 0 ? null : joined(parts, bytesTotal);
  }

  release(): void {
    if (this.released) return;
    this.released = true;
    this.ended = true;
    this.rest = new Uint8Array(0);
    this.onRelease();
  }

  /** Whether there is more to cut from. */
  private fill(): boolean {
    if (this.rest.length > 0) return true;
    if (this.ended) return false;
    const next = this.records.next();
    if (next.done === true) {
      this.release();
      return false;
    }
    const record = next.value;
    if (record.length > RECORD_BYTES_MAX)
      throw new RangeError(`a record of ${record.length} bytes is above ${RECORD_BYTES_MAX}`);
    this.rest = new Uint8Array(LENGTH_BYTES + record.length);
    new DataView(this.rest.buffer).setUint32(0, record.length, true);
    this.rest.set(record, LENGTH_BYTES);
    return true;
  }
}

/**
 * Reads what `recordImage` made, however its chunks are cut anew. Each record is given once, in order, and shares its bytes with nobody.
 *
 * @param record - takes one record.
 * @param end - all records were given: returns what they make, or throws if one is missing.
 * @returns a restore that throws QuorateError `LOG_CORRUPT` if the image ends inside a record.
 */
export function recordRestore<M>(record: (bytes: Uint8Array) => void, end: () => M): Restore<M> {
  return new RecordRestore(record, end);
}

class RecordRestore<M> implements Restore<M> {
  private readonly onRecord: (bytes: Uint8Array) => void;
  private readonly onEnd: () => M;
  private parts: Uint8Array[] = [];
  private bytesHeld = 0;
  /** Of the record at hand; −1: its length is not known yet. */
  private length = -1;

  constructor(onRecord: (bytes: Uint8Array) => void, onEnd: () => M) {
    this.onRecord = onRecord;
    this.onEnd = onEnd;
  }

  push(given: Uint8Array): void {
    const chunk = plainBytes(given);
    let position = 0;
    for (;;) {
      const wanted = this.length < 0 ? LENGTH_BYTES : this.length;
      const part = chunk.subarray(position, position + wanted - this.bytesHeld);
      position += part.length;
      // A copy: the chunk belongs to who pushed it.
      if (part.length > 0) this.parts.push(part.slice());
      this.bytesHeld += part.length;
      if (this.bytesHeld < wanted) return;
      this.complete(joined(this.parts, wanted));
    }
  }

  end(): M {
    if (this.length >= 0 || this.bytesHeld > 0) throw corruptImage("it ends inside a record");
    return this.onEnd();
  }

  private complete(bytes: Uint8Array): void {
    this.parts = [];
    this.bytesHeld = 0;
    if (this.length >= 0) {
      this.length = -1;
      this.onRecord(bytes);
      return;
    }
    this.length = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
    if (this.length > RECORD_BYTES_MAX) throw corruptImage(`a record claims ${this.length} bytes`);
  }
}

function joined(parts: readonly Uint8Array[], bytesTotal: number): Uint8Array {
  if (parts.length === 1) return parts[0]!;
  const whole = new Uint8Array(bytesTotal);
  let position = 0;
  for (const part of parts) {
    whole.set(part, position);
    position += part.length;
  }
  return whole;
}

/** An image that cannot be what `image()` gave. */
export function corruptImage(what: string, cause?: unknown): QuorateError {
  return new QuorateError(
    "LOG_CORRUPT",
    "not-applied",
    `Restoring an image: ${what}. It is cut or damaged: fetch it again, from another peer if need be.`,
    {},
    null,
    cause,
  );
}
