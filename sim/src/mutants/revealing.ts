import { FAULT_KINDS, type FaultKind } from "../faults/schedule.ts";

/** Those of the names that the simulator knows. */
function kinds(...names: readonly string[]): readonly FaultKind[] {
  return FAULT_KINDS.filter((kind) => names.includes(kind));
}

/** After these what was not synced is gone. */
export const POWER: readonly FaultKind[] = kinds(
  "power-loss",
  "file-crash",
  "leader-crash",
  "blackout",
  "members-crash",
);

/** These fail syncs. */
export const SYNC_ERRORS: readonly FaultKind[] = kinds("disk-error");

/** These end a process, so that it starts again from its disk. */
export const RESTARTS: readonly FaultKind[] = [...POWER, ...SYNC_ERRORS, ...kinds("kill", "disk-full")];

/** These damage what was synced, so that it cannot be read. */
export const ROT: readonly FaultKind[] = kinds("bit-rot", "rot", "misdirected-write", "lost-write");

/** These put a write in another place than it was meant for. */
export const MISDIRECTED: readonly FaultKind[] = kinds("misdirected-write", "misdirected");

/** These change who the members are. */
export const MEMBERS: readonly FaultKind[] = FAULT_KINDS.filter(
  (kind) => kind.startsWith("members") || kinds("leader-removed", "wipe", "old-copy").includes(kind),
);

/** These put another disk in the place of a node's. */
export const OTHER_DISKS: readonly FaultKind[] = kinds("wipe", "old-copy");

/** These make a leader hand over, or resign. */
export const TRANSFERS: readonly FaultKind[] = kinds("transfer", "step-down", "leader-removed");
