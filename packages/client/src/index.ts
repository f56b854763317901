export type {
  CallFrame,
  ClientFrame,
  Connection,
  ConnectionEnd,
  ConnectionEvents,
  Dial,
  ErrorFrame,
  EventFrame,
  ReadFrame,
  ReplyFrame,
  ServerFrame,
  ServerHello,
  WatchFrame,
} from "./dial.ts";
export { keyedFraction, keyedIdentity, pauseMs } from "./keyed-random.ts";
export { type Client, type ClientOptions, createClient } from "./client.ts";
export { CLIENT_LIMITS, type ClientLimits, SESSION_TTL_MS } from "./limits.ts";
export type { EndpointStatus } from "./link.ts";
export type { ReplicaReport, SnapshotPart, SnapshotPlace } from "./inquiries.ts";
