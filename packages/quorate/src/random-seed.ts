import { randomBytes } from "node:crypto";

/** A random number below 2^48, another one at each call. */
export function randomSeed(): number {
  return randomBytes(6).readUIntBE(0, 6);
}
