/** One allocation for small copies. What holds on to one of them holds on to this much at most. */
const POOL_BYTES = 2048;
/** Shorter ones the platform keeps within the object. */
const LENGTH_MIN = 65;
/** Longer ones are worth an allocation of their own. */
const LENGTH_MAX = 512;

let pool: Uint8Array = new Uint8Array(POOL_BYTES);
let used = 0;

/**
 * A copy of `bytes[from … end)`. Small ones lie side by side in one buffer: an `ArrayBuffer` of its own costs several times its bytes, to make
 * and to collect. So `.buffer` of the copy may hold other copies, too; it is at most 2 KiB, and nothing of `bytes` itself.
 */
export function copyOf(bytes: Uint8Array, from: number, end: number): Uint8Array {
  const length = end - from;
  if (length < LENGTH_MIN || length > LENGTH_MAX) return bytes.slice(from, end);
  if (used + length > POOL_BYTES) {
    pool = new Uint8Array(POOL_BYTES);
    used = 0;
  }
  pool.set(bytes.subarray(from, end), used);
  const copy = pool.subarray(used, used + length);
  used += length;
  return copy;
}
