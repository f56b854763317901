import type { Durable, Governing } from "@quorate/paxos";
import { logCorrupt } from "../errors.ts";
import type { SnapshotHead } from "../wal/group-log.ts";

/**
 * The first state of an engine: what recovery read from the log, and the newest snapshot, as one. The snapshot may be ahead of the log: power was
 * lost after it was durable and before the log knew.
 *
 * @param formed - the set that the group begins with, at slot 0.
 * @throws QuorateError `LOG_CORRUPT` if the log was trimmed up to a snapshot that is not there.
 */
export function startingPoint(
  group: number,
  recovered: Durable,
  head: SnapshotHead | null,
  formed: Governing,
): Durable {
  const base = head?.slot ?? 0;
  if (base < recovered.base) {
    const why = `the log of group ${group} begins after slot ${recovered.base}, but the newest readable snapshot covers slot ${base}`;
    throw logCorrupt(`snapshot of group ${group}`, 0, why);
  }
  const first = head?.governing ?? formed;
  return {
    ...recovered,
    promised: Math.max(recovered.promised, first.floor),
    base,
    governing: [first, ...recovered.governing.filter((governing) => governing.slot > first.slot)],
    accepted: recovered.accepted.filter((entry) => entry.slot > base),
    chosenTo: Math.max(recovered.chosenTo, base),
    faulty: recovered.faulty.filter((slot) => slot > base),
  };
}
