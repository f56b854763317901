import type { FramePart } from "@quorate/log";
import { BadFrame, decodePeerFrame, encodePeerMessage, encodeSpeaker, joinItems } from "@quorate/net/codec";

/** The bytes with some of their bits changed, or without their end. */
export function damaged(bytes: Uint8Array, bits: number): Uint8Array {
  if (bits % 4 === 0) return bytes.slice(0, (bits >>> 2) % bytes.length);
  const copy = bytes.slice();
  for (let flips = 1 + ((bits >>> 2) % 3), hash = bits; flips > 0; flips--) {
    hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d) >>> 0;
    copy[(hash >>> 3) % copy.length]! ^= 1 << (hash % 8);
  }
  return copy;
}

/** Why the receiver closes the connection over these bytes; empty: they can be read, so the checksums below were to notice. Throws what is no refusal. */
export function refusal(decode: () => unknown): string {
  try {
    decode();
    return "";
  } catch (error) {
    if (error instanceof BadFrame) return error.message;
    throw error;
  }
}

/** What production sends for this frame. */
export function encodePeerFrame(parts: readonly FramePart[]): Uint8Array {
  return joinItems(
    parts.flatMap(({ group, speaker, message }) => [encodeSpeaker(group, speaker), encodePeerMessage(message)]),
  );
}

/** Why a frame of `from` is refused once it is damaged; empty: it is not. */
export function refusalOfPeerFrame(from: number, parts: readonly FramePart[], bits: number): string {
  const bytes = damaged(encodePeerFrame(parts), bits);
  return refusal(() => decodePeerFrame(bytes, from));
}
