import { QuorateError, type RequestId } from "./errors.ts";
import { KnownTexts } from "./known-texts.ts";
import { plainBytes } from "./plain-bytes.ts";
import { xxh32 } from "./xxh32.ts";

/** One request on its way into the log. */
export interface BatchCommand {
  readonly request: RequestId;
  /** The owner has the results of all its requests up to this number: they may be forgotten (rule 23). */
  readonly releasedTo: number;
  /** Name of the machine; `SESSION_MACHINE` for the commands of sessions. */
  readonly machine: string;
  readonly command: Uint8Array;
}

/** What `decodeBatch` found. */
export interface Batch {
  /** The leader's stamp. What is applied is never earlier than the batch before: see `nextLogTime`. */
  readonly logTimeMs: number;
  /** Each `command` is a view into the decoded bytes. */
  readonly commands: readonly BatchCommand[];
}

/** Characters in the name of a machine, at most. */
export const MACHINE_NAME_LENGTH_MAX = 64;

/** First byte of every batch. A layout that this code does not know has another. */
const FORMAT = 1;
/** Format and log time. */
const HEAD_BYTES = 9;
const CHECKSUM_BYTES = 4;
/** Below this many bytes a loop is quicker than `Uint8Array.set`. */
const LOOP_BYTES_MAX = 24;

/** A log has a handful of machines. */
const names: KnownTexts = new KnownTexts(16, MACHINE_NAME_LENGTH_MAX);

const stampBytes = new Uint8Array(8);
const stampView = new DataView(stampBytes.buffer);

/**
 * One batch as bytes: encoded once, and these same bytes go to the disk and to every peer.
 *
 * Layout, little-endian: format 1 (u8) · log time in milliseconds (f64) · count of names (varint), each as length (varint) and UTF-8 ·
 * count of commands (varint), each as session, number, releasedTo, index of its name, length (varints) and bytes · XXH32 of all before (u32).
 * A varint is LEB128, shortest form, at most 2^53 − 1. An empty batch is a clock step.
 *
 * @param logTimeMs - finite, 0 or more.
 * @throws QuorateError `BAD_COMMAND` if a number is not a safe integer of 0 or more, or a name is longer than `MACHINE_NAME_LENGTH_MAX`.
 */
export function encodeBatch(logTimeMs: number, commands: readonly BatchCommand[]): Uint8Array {
  if (!(logTimeMs >= 0 && logTimeMs < Infinity))
    throw unencodable(`log time ${logTimeMs} is not a finite number of 0 or more`);
  const table = new NameTable();
  let bytesTotal = HEAD_BYTES + CHECKSUM_BYTES + varintBytes(commands.length);
  for (const { request, releasedTo, machine, command } of commands) {
    bytesTotal +=
      varintBytes(request.session) +
      varintBytes(request.number) +
      varintBytes(releasedTo) +
      varintBytes(table.add(machine)) +
      varintBytes(command.length) +
      command.length;
  }
  bytesTotal += table.bytesTotal();

  const out = new Uint8Array(bytesTotal);
  out[0] = FORMAT;
  stampView.setFloat64(0, logTimeMs, true);
  for (let index = 0; index < 8; index++) out[1 + index] = stampBytes[index]!;
  let position = table.write(out, HEAD_BYTES);
  position = writeVarint(out, position, commands.length);
  for (const { request, releasedTo, machine, command } of commands) {
    position = writeVarint(out, position, request.session);
    position = writeVarint(out, position, request.number);
    position = writeVarint(out, position, releasedTo);
    position = writeVarint(out, position, table.add(machine));
    position = writeVarint(out, position, command.length);
    if (command.length > LOOP_BYTES_MAX) out.set(command, position);
    else for (let index = 0; index < command.length; index++) out[position + index] = command[index]!;
    position += command.length;
  }
  const checksum = xxh32(out, 0, position);
  for (let index = 0; index < CHECKSUM_BYTES; index++) out[position + index] = checksum >>> (8 * index);
  return out;
}

/**
 * Reads what `encodeBatch` made. The commands are *views* into `bytes`, nothing is copied: who keeps one past the life of `bytes`
 * copies it, or holds all of `bytes` in memory.
 *
 * @throws QuorateError `LOG_CORRUPT` for anything that no `encodeBatch` made.
 */
export function decodeBatch(bytes: Uint8Array): Batch {
  const checksumPosition = bytes.length - CHECKSUM_BYTES;
  if (checksumPosition < HEAD_BYTES + 2) throw corrupt(`${bytes.length} bytes are too few`);
  if (bytes[0] !== FORMAT) throw corrupt(`format ${bytes[0]} is unknown, this program reads format ${FORMAT}`);
  const checksum = xxh32(bytes, 0, checksumPosition);
  for (let index = 0; index < CHECKSUM_BYTES; index++) {
    if (bytes[checksumPosition + index] !== ((checksum >>> (8 * index)) & 0xff))
      throw corrupt("the checksum does not match");
  }
  const logTimeMs = stampOf(bytes);
  if (!(logTimeMs >= 0 && logTimeMs < Infinity)) throw corrupt(`log time ${logTimeMs}`);

  const reader = new BatchReader(plainBytes(bytes), HEAD_BYTES, checksumPosition);
  const nameCount = reader.count(1);
  const machines: string[] = [];
  for (let index = 0; index < nameCount; index++) machines.push(reader.name());
  const commandCount = reader.count(5);
  const commands: BatchCommand[] = [];
  for (let index = 0; index < commandCount; index++) {
    const session = reader.varint();
    const number = reader.varint();
    const releasedTo = reader.varint();
    const machine = machines[reader.varint()];
    if (machine === undefined) throw corrupt(`command ${index} names no machine of the batch`);
    commands.push({ request: { session, number }, releasedTo, machine, command: reader.view(reader.varint()) });
  }
  if (reader.position !== checksumPosition)
    throw corrupt(`${checksumPosition - reader.position} bytes follow the last command`);
  return { logTimeMs, commands };
}

/**
 * The stamp of a batch, without reading the rest or checking the checksum.
 *
 * @throws QuorateError `LOG_CORRUPT` if the bytes are too few or of another format.
 */
export function peekBatchLogTimeMs(bytes: Uint8Array): number {
  if (bytes.length < HEAD_BYTES + 2 + CHECKSUM_BYTES || bytes[0] !== FORMAT)
    throw corrupt("it does not begin like a batch");
  return stampOf(bytes);
}

function stampOf(bytes: Uint8Array): number {
  for (let index = 0; index < 8; index++) stampBytes[index] = bytes[1 + index]!;
  return stampView.getFloat64(0, true);
}

/** The names of one batch, each once, in the order of their first use. */
class NameTable {
  private readonly names: string[] = [];
  private readonly encoded: Uint8Array[] = [];
  private readonly indexes = new Map<string, number>();
  private last = "";
  private lastIndex = -1;

  /** The index of `name`, which is added if it is new. */
  add(name: string): number {
    if (name === this.last && this.lastIndex >= 0) return this.lastIndex;
    let index = this.indexes.get(name);
    if (index === undefined) {
      if (name.length > MACHINE_NAME_LENGTH_MAX) {
        throw unencodable(
          `the name of a machine has ${name.length} characters, ${MACHINE_NAME_LENGTH_MAX} are allowed`,
        );
      }
      index = this.names.length;
      this.names.push(name);
      this.encoded.push(names.bytesOf(name));
      this.indexes.set(name, index);
    }
    this.last = name;
    this.lastIndex = index;
    return index;
  }

  bytesTotal(): number {
    let total = varintBytes(this.encoded.length);
    for (const name of this.encoded) total += varintBytes(name.length) + name.length;
    return total;
  }

  write(out: Uint8Array, position: number): number {
    position = writeVarint(out, position, this.encoded.length);
    for (const name of this.encoded) {
      position = writeVarint(out, position, name.length);
      out.set(name, position);
      position += name.length;
    }
    return position;
  }
}

/** Reads the inside of a batch, and never past its end. */
class BatchReader {
  position: number;
  private readonly bytes: Uint8Array;
  private readonly end: number;

  constructor(bytes: Uint8Array, position: number, end: number) {
    this.bytes = bytes;
    this.position = position;
    this.end = end;
  }

  varint(): number {
    const { bytes, end } = this;
    let value = 0;
    let scale = 1;
    for (let count = 1; ; count++) {
      if (this.position >= end) throw corrupt("it ends inside a number");
      const byte = bytes[this.position++]!;
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) {
        if ((byte === 0 && count > 1) || value > Number.MAX_SAFE_INTEGER)
          throw corrupt("a number is not in its shortest form");
        return value;
      }
      if (count === 8) throw corrupt("a number is longer than 8 bytes");
      scale *= 0x80;
    }
  }

  /** A count of things of at least `bytesMin` each: it cannot exceed what is left, so it is safe to allocate for. */
  count(bytesMin: number): number {
    const count = this.varint();
    if (count * bytesMin > this.end - this.position)
      throw corrupt(`it claims ${count} things and has no room for them`);
    return count;
  }

  view(length: number): Uint8Array {
    const from = this.position;
    if (length > this.end - from) throw corrupt(`a command claims ${length} bytes and has no room for them`);
    this.position = from + length;
    return this.bytes.subarray(from, this.position);
  }

  name(): string {
    const length = this.varint();
    const from = this.position;
    if (length > this.end - from) throw corrupt(`a name claims ${length} bytes and has no room for them`);
    this.position = from + length;
    let name: string;
    try {
      name = names.textOf(this.bytes, from, this.position);
    } catch (cause) {
      throw corrupt("the name of a machine is not UTF-8", cause);
    }
    if (name.length > MACHINE_NAME_LENGTH_MAX) throw corrupt(`the name of a machine has ${name.length} characters`);
    return name;
  }
}

/** Bytes of `value` as a varint: 7 bits a byte. */
function varintBytes(value: number): number {
  if (!Number.isSafeInteger(value) || value < 0) throw unencodable(`${value} is not an integer from 0 to 2^53 − 1`);
  let count = 1;
  for (let limit = 0x80; value >= limit; limit *= 0x80) count++;
  return count;
}

function writeVarint(out: Uint8Array, position: number, value: number): number {
  while (value > 0x7fffffff) {
    out[position++] = (value % 0x80) | 0x80;
    value = Math.floor(value / 0x80);
  }
  while (value > 0x7f) {
    out[position++] = (value & 0x7f) | 0x80;
    value >>>= 7;
  }
  out[position++] = value;
  return position;
}

function corrupt(what: string, cause?: unknown): QuorateError {
  return new QuorateError(
    "LOG_CORRUPT",
    "not-applied",
    `Reading a batch: ${what}. The entry is damaged, or a newer program wrote it: repair the slot from a peer.`,
    {},
    null,
    cause,
  );
}

function unencodable(what: string): QuorateError {
  return new QuorateError(
    "BAD_COMMAND",
    "not-applied",
    `Encoding a batch: ${what}. Refuse the request before it is put into a batch.`,
  );
}
