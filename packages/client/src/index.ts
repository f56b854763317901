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
