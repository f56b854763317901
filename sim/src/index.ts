export { runCampaign, type CampaignOptions, type CampaignResult } from "./campaign/campaign.ts";
export { SOMETIMES } from "./coverage/sometimes.ts";
export { arbitrarySchedule, type Fault, FAULT_KINDS, type FaultKind, scheduleOf } from "./faults/schedule.ts";
export { type InvariantId, INVARIANTS, type Violation } from "./invariants/catalogue.ts";
export { readRepro, ReproError } from "./report/read-repro.ts";
export { replayRepro, type Replayed } from "./report/replay-repro.ts";
export { type Repro, reproOf, writeRepro } from "./report/repro.ts";
export { type FailingCase, shrink, type ShrinkBudget, type Shrunk } from "./shrink/shrink.ts";
export { configOf } from "./faults/swarm.ts";
export type { ConfigWishes, Plant, RunConfig } from "./world/config.ts";
export { runOnce, type RunResult } from "./world/run.ts";
export {
  type ClientProgram,
  type ClientTools,
  simulate,
  type SimulateOptions,
  type SimulateResult,
  type UserInvariant,
} from "./simulate.ts";
export { tracePage } from "./report/page/trace-page.ts";
export { causalPast } from "./report/trace/causal-past.ts";
export { type Lane, type Trace, traceEvent, type TraceEvent, type TraceKind } from "./report/trace/trace.ts";
export { traceText } from "./report/trace/trace-text.ts";
export {
  type ClockedEvent,
  clockedEvents,
  shivizLog,
  SHIVIZ_EXPRESSION,
  type VectorClock,
} from "./report/trace/vector-clocks.ts";
export { type Failure, writeFailure } from "./report/write-failure.ts";
export { type Recorded, recordFailure } from "./report/record-failure.ts";
export { valueIdentity } from "./ghost/value-identity.ts";
export { lanesNamed } from "./report/page/lanes-named.ts";
