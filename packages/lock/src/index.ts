export { type Election, election, type Leadership } from "./client/election.ts";
export { Fence, type FenceOptions } from "./client/fence.ts";
export { HeldLock, type HeldLockState, JEOPARDY_PART } from "./client/held-lock.ts";
export {
  type AcquireOptions,
  DELAY_MS_DEFAULT,
  type ForceOptions,
  lock,
  type LockClient,
  type LockListing,
} from "./client/lock.ts";
export type { ClaimState, LockMode, Want } from "./machine/claim.ts";
export type { ForcedClaim, LockCommand, LockRefusal, LockResult } from "./machine/command.ts";
export type { Leader } from "./machine/election.ts";
export { LOCK_MACHINE, lockMachine, type LockShape } from "./machine/machine.ts";
export type {
  AuditEntry,
  DescribedClaim,
  DescribedLock,
  LockAnswer,
  LockEvent,
  LockQuery,
  LockWatch,
} from "./machine/query.ts";
export type { ClaimStatus } from "./machine/status.ts";
