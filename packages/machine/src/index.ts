export type { BatchCommand } from "./batch.ts";
export type { Caller, CallOptions, ReadLevel, ReadOptions, Reply, SessionLease, Settled } from "./caller.ts";
export type { Clock } from "./clock.ts";
export type { Codec } from "./codec.ts";
export type { Composite, Settlement } from "./composite.ts";
export { type Code, type Detail, type Outcome, QuorateError, type RequestId } from "./errors.ts";
export type {
  At,
  Image,
  LockKeeper,
  MachineDefinition,
  Neighbours,
  Restore,
  Shape,
  StateMachine,
  Watcher,
} from "./state-machine.ts";
