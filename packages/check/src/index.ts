export { STEPS_MAX_DEFAULT } from "./budget.ts";
export { checkByRevision, type RevisionResult } from "./by-revision.ts";
export { check, type CheckOptions, type CheckResult, type KeyResult } from "./check.ts";
export { CheckError, type CheckCode } from "./errors.ts";
export { type HistoryFormat, readHistory, type ReadHistory, type ReadHistoryOptions } from "./formats/read-history.ts";
export { type History, HistoryRecorder } from "./history.ts";
export { casRegister } from "./models/cas-register.ts";
export { kv } from "./models/kv.ts";
export { MODEL_NAMES, modelByName } from "./models/model-by-name.ts";
export { ILLEGAL, type Model } from "./models/model.ts";
export { mutex } from "./models/mutex.ts";
export { register } from "./models/register.ts";
export {
  type Operation,
  type OperationOutcome,
  type Scalar,
  showOperation,
  showValue,
  type Value,
} from "./operation.ts";
export type { RevisionedOperation, Sight } from "./revisioned-operation.ts";
export type { Verdict } from "./verdict.ts";
export type { Witness } from "./witness.ts";
