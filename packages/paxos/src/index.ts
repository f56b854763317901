export { type Ballot, NO_BALLOT, NODE_MAX, ballotOf, nextBallot, nodeOf, roundOf, showBallot } from "./ballot.ts";
export { type EngineConfig, type EngineLimits, ENGINE_DEFAULTS } from "./config.ts";
export { type Engine, type Proposed, type Refusal } from "./engine.ts";
export { type Entry, type EntryKind, type Standing, FIRST_STANDING, NO_BYTES, counts, standingAfter } from "./entry.ts";
export { type EngineEvent, type IgnoreReason } from "./events.ts";
export { type Governing, type Member, type Members, type QuorumRule, MAJORITY } from "./members.ts";
export * from "./message.ts";
export type { Output, ReadAnswer, Send, Supply } from "./output.ts";
export * from "./record.ts";
