export {
  type Batch,
  type BatchCommand,
  decodeBatch,
  encodeBatch,
  MACHINE_NAME_LENGTH_MAX,
  peekBatchLogTimeMs,
} from "./batch.ts";
export type { Caller, CallOptions, ReadLevel, ReadOptions, Reply, SessionLease, Settled } from "./caller.ts";
export { cbor, CBOR_DEPTH_MAX, decodeCbor, encodeCbor } from "./cbor.ts";
export {
  type Check,
  checkBoolean,
  checkBytes,
  type Checked,
  checkInt,
  checkKinds,
  checkList,
  checkNull,
  checkNullable,
  checkNumber,
  checkOneOf,
  checkText,
  checkTuple,
} from "./check.ts";
export type { Clock } from "./clock.ts";
export type { Codec } from "./codec.ts";
export type { Composite, Settlement } from "./composite.ts";
export { compose, type ComposeOptions, type MachineFault } from "./compose.ts";
export { crc32c } from "./crc32c.ts";
export {
  type Code,
  type CodeEntry,
  codeEntry,
  codes,
  type Detail,
  type Outcome,
  QuorateError,
  type RequestId,
} from "./errors.ts";
export { fromReducer, type ReducerDefinition, type ReducerShape } from "./from-reducer.ts";
export { LogTimeStamper, nextLogTimeMs } from "./log-time.ts";
export { type RaisedImage, raiseRevision } from "./raise-revision.ts";
export { recordImage, recordRestore } from "./record-image.ts";
export { DRIFT_DEFAULT, leaseEndMs } from "./session/belief.ts";
export {
  type Opened,
  type Renewed,
  SESSION_MACHINE,
  type SessionCommand,
  sessionCommands,
  sessionResults,
  type SettleResult,
} from "./session/command.ts";
export { SESSION_LIMITS, type SessionLimits } from "./session/limits.ts";
export { settlementError } from "./settlement-error.ts";
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
export { APART_MS_MAX, SuspensionDetector } from "./suspension.ts";
export { xxh32 } from "./xxh32.ts";
