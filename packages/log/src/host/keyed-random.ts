/** One round of mixing, 32 bits: the finalizer of MurmurHash3 (A. Appleby). */
function mix(value: number): number {
  let hash = value | 0;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

/**
 * A number from 1 to 2^48 − 1 that depends on `seed` and on what it is for, and on nothing else: the same seed gives the same
 * number, another purpose an unrelated one.
 *
 * @param seed - an integer of 0 or more, below 2^53.
 */
export function randomBelow48(seed: number, purpose: string): number {
  let high = mix(Math.floor(seed / 2 ** 32) ^ 0x9e3779b9);
  let low = mix((seed >>> 0) ^ high);
  for (let index = 0; index < purpose.length; index++) {
    high = mix(high ^ Math.imul(purpose.charCodeAt(index) + 1, 0x01000193) ^ low);
    low = mix(low + high + index);
  }
  const value = (high % 0x10000) * 2 ** 32 + low;
  return value === 0 ? 1 : value;
}
