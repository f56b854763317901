/**
 * 32 bits that stand for the value of a slot: equal for equal bytes, and in all likelihood only then. Not a CRC-32C: a batch ends with its own, and the CRC of anything
 * followed by its CRC is one and the same number. FNV-1a, then MurmurHash3's finalizer.
 */
export function valueIdentity(bytes: Uint8Array): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < bytes.length; index++) hash = Math.imul(hash ^ bytes[index]!, 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
