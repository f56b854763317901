import type { Settlement } from "./composite.ts";
import { crc32c } from "./crc32c.ts";
import type { RequestId } from "./errors.ts";

/**
 * The rolling digest of a log: 32 bits over every request, in order, and what became of it. Two replicas that applied the same and differ in it
 * have diverged. The mixing is the body of MurmurHash3 (x86, 32 bits; A. Appleby): good spread, no defence against an adversary.
 */

/** The digest after one more request was answered. */
export function digestReply(digest: number, request: RequestId, settlement: Settlement): number {
  const { error, bytes } = settlement;
  digest = digestInteger(digest, request.session);
  digest = digestInteger(digest, request.number);
  digest = digestInteger(digest, settlement.revision);
  for (let index = 0; index < error.length; index++) digest = mix(digest, error.charCodeAt(index));
  digest = mix(digest, bytes.length);
  return mix(digest, crc32c(bytes)) >>> 0;
}

/** The digest after a step that answered nobody. */
export function digestStep(digest: number, revision: number): number {
  return digestInteger(digest, revision) >>> 0;
}

/** An integer from 0 to 2^53 − 1. */
function digestInteger(digest: number, value: number): number {
  return mix(mix(digest, value % 0x100000000), Math.floor(value / 0x100000000));
}

function mix(digest: number, word: number): number {
  let scrambled = Math.imul(word, 0xcc9e2d51);
  scrambled = Math.imul((scrambled << 15) | (scrambled >>> 17), 0x1b873593);
  digest ^= scrambled;
  return (Math.imul((digest << 13) | (digest >>> 19), 5) + 0xe6546b64) | 0;
}
