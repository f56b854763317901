export { BadFrame, FRAME_LIMITS } from "./check.ts";
export {
  type ClientHello,
  decodeClientFrames,
  decodeClientHello,
  decodeServerFrames,
  decodeServerHello,
  encodeClientFrames,
  encodeClientHello,
  encodeServerFrames,
  encodeServerHello,
} from "./client-frame.ts";
export {
  decodePeerFrame,
  decodePeerHello,
  encodePeerHello,
  encodePeerMessage,
  encodeSpeaker,
  joinItems,
  type PeerHello,
  type Said,
} from "./peer-frame.ts";
export { SUB_PROTOCOL, WIRE_VERSION } from "./tags.ts";
