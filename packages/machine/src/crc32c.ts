/**
 * CRC-32C (Castagnoli), as iSCSI (RFC 3720, appendix B.4), ext4 and most databases use it.
 * Eight bytes a turn: M. E. Kounavis and F. L. Berry, "A Systematic Approach to Building High Performance Software-based
 * CRC Generators" (2005), "slicing-by-8".
 */

/** The polynomial 0x1EDC6F41, bits reversed. */
const POLYNOMIAL = 0x82f63b78;

/** Eight tables of 256: table k gives the effect of a byte that is followed by k zero bytes. */
const TABLES: Int32Array = makeTables();

function makeTables(): Int32Array {
  const tables = new Int32Array(8 * 256);
  for (let byte = 0; byte < 256; byte++) {
    let crc = byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ POLYNOMIAL : crc >>> 1;
    tables[byte] = crc;
  }
  for (let index = 256; index < tables.length; index++) {
    const before = tables[index - 256]!;
    tables[index] = (before >>> 8) ^ tables[before & 0xff]!;
  }
  return tables;
}

/**
 * The CRC-32C of `bytes[from … end)`, an integer from 0 to 2^32 − 1.
 *
 * @param crc - the checksum of what came before, so that `crc32c(b, crc32c(a))` is the checksum of `a` followed by `b`; 0 at the start.
 * @param from - first index; default 0.
 * @param end - index after the last; default `bytes.length`.
 */
export function crc32c(bytes: Uint8Array, crc: number = 0, from: number = 0, end: number = bytes.length): number {
  const tables = TABLES;
  let state = ~crc;
  let index = from;
  for (const eightsEnd = end - 7; index < eightsEnd; index += 8) {
    state ^= bytes[index]! | (bytes[index + 1]! << 8) | (bytes[index + 2]! << 16) | (bytes[index + 3]! << 24);
    state =
      tables[0x700 | (state & 0xff)]! ^
      tables[0x600 | ((state >>> 8) & 0xff)]! ^
      tables[0x500 | ((state >>> 16) & 0xff)]! ^
      tables[0x400 | (state >>> 24)]! ^
      tables[0x300 | bytes[index + 4]!]! ^
      tables[0x200 | bytes[index + 5]!]! ^
      tables[0x100 | bytes[index + 6]!]! ^
      tables[bytes[index + 7]!]!;
  }
  for (; index < end; index++) state = tables[(state ^ bytes[index]!) & 0xff]! ^ (state >>> 8);
  return ~state >>> 0;
}
