export {
  type KvRange,
  KvEntry,
  type KvReadOptions,
  type LifetimeOptions,
  type PutOptions,
  type RangeOptions,
  textOfValue,
  type Value,
} from "./client/entry.ts";
export { KvError } from "./client/errors.ts";
export { type Kv, kv, type KvPage, type KvRead, type KvStatus, type Written } from "./client/kv.ts";
export {
  compare,
  type Compared,
  type Comparisons,
  type Condition,
  type ExpectedState,
  operation,
  type Operation,
  type OperationResult,
  type Operations,
  type Operator,
  type RangeOperationOptions,
  TransactionBuilder,
  type TransactionResult,
} from "./client/transaction.ts";
export { type KvChange, KvWatch, type KvWatchEvent, type WatchOptions } from "./client/watch.ts";
export type { KvShape, RefusalCode } from "./machine/command.ts";
export { KV_LIMITS, type KvLimits } from "./machine/limits.ts";
export { KV_NAME, KV_VERSION, kvMachine } from "./machine/machine.ts";
