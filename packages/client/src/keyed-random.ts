/**
 * A number from 0 (included) to 1 (excluded) that is a function of its keys alone: the same keys give the same number, and one more draw
 * elsewhere changes nothing here. Not for secrets.
 *
 * Source: the finalizer of MurmurHash3 (A. Appleby), over each 32-bit half of each key.
 */
export function keyedFraction(seed: number, ...keys: readonly number[]): number {
  return (keyedHash(seed, 1, keys) >>> 0) / 0x100000000;
}

/** An integer from 1 to 2^48 − 1 by the same rule. */
export function keyedIdentity(seed: number, ...keys: readonly number[]): number {
  const high = (keyedHash(seed, 2, keys) >>> 0) & 0xffff;
  const low = keyedHash(seed, 3, keys) >>> 0;
  return high * 0x100000000 + low || 1;
}

function keyedHash(seed: number, salt: number, keys: readonly number[]): number {
  let hash = mix(salt, seed);
  for (const key of keys) hash = mix(hash, key);
  return hash;
}

function mix(hash: number, key: number): number {
  return finish(finish(hash ^ (key | 0)) + Math.floor(key / 0x100000000) + 0x9e3779b9);
}

function finish(value: number): number {
  let hash = value | 0;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return hash ^ (hash >>> 16);
}

/**
 * How long to pause before attempt `attempt` (from 0): doubles from `msMin` to `msMax`, and is spread over its upper half so that many who
 * lost the same replica do not come back at once.
 */
export function pauseMs(
  msMin: number,
  msMax: number,
  attempt: number,
  seed: number,
  ...keys: readonly number[]
): number {
  const whole = Math.min(msMax, msMin * 2 ** Math.min(attempt, 30));
  return whole * (0.5 + keyedFraction(seed, attempt, ...keys) / 2);
}
