import { type Durable, type Governing, SLOT_MAX } from "@quorate/paxos";
import { logCorrupt } from "../errors.ts";
import type { SnapshotHead } from "../wal/group-log.ts";

/**
 * The first state of an engine: what recovery read from the log, and the newest snapshot, as one. The snapshot may be ahead of the log: power was
 * lost after it was durable and before the log knew.
 *
 * @param recovered - `null`: the log never heard of the group.
 * @param formed - the set that the group begins with, at slot 0.
 * @param unit - number of the last write unit that recovery found on the disk.
 * @throws QuorateError `LOG_CORRUPT` if the log was trimmed up to a snapshot that is not there.
 */
export function startingPoint(
  group: number,
  recovered: Durable | null,
  head: SnapshotHead | null,
  formed: Governing,
  unit: number,
): Durable {
  const read: Durable = recovered ?? {
    promised: 0,
    base: 0,
    governing: [],
    accepted: [],
    chosenTo: 0,
    faulty: [],
    faultyFrom: SLOT_MAX,
    promisedLost: false,
    leaseMsMax: 0,
    heard: [],
    unit,
  };
  const base = head?.slot ?? 0;
  if (base < read.base) {
    const why = `the log of group ${group} begins after slot ${read.base}, but the newest readable snapshot covers slot ${base}`;
    throw logCorrupt(`snapshot of group ${group}`, 0, why);
  }
  const first = head?.governing ?? formed;
  return {
    ...read,
    promised: Math.max(read.promised, first.floor),
    base,
    governing: [first, ...read.governing.filter((governing) => governing.slot > first.slot)],
    accepted: read.accepted.filter((entry) => entry.slot > base),
    chosenTo: Math.max(read.chosenTo, base),
    faulty: read.faulty.filter((slot) => slot > base),
    // What is unreadable up to the snapshot needs no cure; above it, nothing is known to be whole.
    faultyFrom: read.faultyFrom === SLOT_MAX ? SLOT_MAX : Math.max(read.faultyFrom, base + 1),
  };
}
