import type { FaultKind } from "../faults/schedule.ts";

/** After these what was not synced is gone. */
export const POWER: readonly FaultKind[] = ["power-loss", "file-crash", "leader-crash", "members-crash", "blackout"];

/** These fail syncs. */
export const SYNC_ERRORS: readonly FaultKind[] = ["disk-error"];

/** These put a write in another place than it was meant for. */
export const MISDIRECTED: readonly FaultKind[] = ["misdirected-write"];

/** These damage what was synced, so that it cannot be read. */
export const ROT: readonly FaultKind[] = [...MISDIRECTED, "bit-rot", "lost-write"];

/** These put another disk in the place of a node's: at once, or because the node may no longer vote with what is left of its own. */
export const OTHER_DISKS: readonly FaultKind[] = [...ROT, "wipe", "old-copy"];

/** These end a process, so that it starts again from its disk. */
export const RESTARTS: readonly FaultKind[] = [...POWER, ...SYNC_ERRORS, "kill", "disk-full", ...OTHER_DISKS];

/** These change who the members are: by a wish, or because a machine with another disk is another member. */
export const MEMBERS: readonly FaultKind[] = [
  "members-add",
  "members-remove",
  "members-replace",
  "members-many",
  "members-crash",
  "leader-removed",
  ...OTHER_DISKS,
];

/** These make a leader hand over, or resign. */
export const TRANSFERS: readonly FaultKind[] = ["transfer", "step-down", ...MEMBERS];
