import {
  LOG_LIMITS,
  type LogLimits,
  SNAPSHOT_DEFAULTS,
  type SnapshotLimits,
  WAL_DEFAULTS,
  type WalLimits,
} from "@quorate/log";
import { QuorateError } from "@quorate/machine";

/** Every named limit of a node: of its replicas, of the log on its disk, of its snapshots. */
export type NodeLimits = LogLimits & WalLimits & SnapshotLimits;

/** The defaults. */
export const NODE_LIMITS: NodeLimits = { ...LOG_LIMITS, ...WAL_DEFAULTS, ...SNAPSHOT_DEFAULTS };

/**
 * `given` on top of the defaults.
 *
 * @throws QuorateError `BAD_OPTION` for a name that is no limit, or a value that is no number of 0 or more.
 */
export function nodeLimits(given: Readonly<Record<string, number>>): NodeLimits {
  for (const [name, value] of Object.entries(given)) {
    if (!(name in NODE_LIMITS))
      throw new QuorateError(
        "BAD_OPTION",
        "not-applied",
        `there is no limit "${name}"; there are ${Object.keys(NODE_LIMITS).join(", ")}`,
      );
    if (!(value >= 0))
      throw new QuorateError("BAD_OPTION", "not-applied", `limit ${name}: ${value} is no number of 0 or more`);
  }
  return { ...NODE_LIMITS, ...given };
}
