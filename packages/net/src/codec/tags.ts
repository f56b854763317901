/**
 * The numbers on the wire. A number is never used again for something else: what is retired stays retired.
 * `docs/protocol.md` lists them with their fields.
 */

/** First item of every frame: the version of everything that follows in it. */
export const WIRE_VERSION = 1;

/** The WebSocket sub-protocol, in both directions. */
export const SUB_PROTOCOL = "quorate.v1";

/** Kinds of items in a frame between peers. */
export const PeerTag = {
  hello: 0,
  /** Names group and speaker of the messages after it. */
  speaker: 1,
  canvass: 2,
  canvassAnswer: 3,
  prepare: 4,
  promise: 5,
  reject: 6,
  accept: 7,
  accepted: 8,
  heartbeat: 9,
  heartbeatAnswer: 10,
  fetch: 11,
  learn: 12,
  readRequest: 13,
  readBound: 14,
  resign: 15,
  snapshotChunk: 32,
  snapshotWanted: 33,
  digest: 34,
  forming: 35,
  oldCopy: 36,
} as const;

/** Kinds of items in a frame from a client. */
export const ClientTag = {
  hello: 0,
  call: 1,
  read: 2,
  watch: 3,
  more: 4,
  cancel: 5,
  status: 6,
  ping: 7,
  snapshot: 8,
} as const;

/** Kinds of items in a frame to a client. */
export const ServerTag = {
  hello: 0,
  reply: 1,
  error: 2,
  event: 3,
  watchEnded: 4,
  status: 5,
  pong: 6,
  snapshot: 7,
} as const;

/** What a slot holds, as a number. */
export const ENTRY_KINDS = ["batch", "noop", "members"] as const;

/** Read levels, as numbers. */
export const READ_LEVELS = ["linearizable", "lease", "session", "stale"] as const;

/** Outcomes, as numbers. */
export const OUTCOMES = ["applied", "not-applied", "unknown"] as const;

/** States of forming, as numbers. */
export const FORMING_STATES = ["new", "agreed", "formed"] as const;
