import type { Host, Replica } from "@quorate/log";
import { roundOf, showBallot } from "@quorate/paxos";

/** What one node says of itself, flat: this is what `quorate status` shows. */
export function statusFields(
  node: number,
  cluster: string,
  host: Host | null,
  replica: Replica | null,
  counters: Readonly<Record<string, number>>,
): Readonly<Record<string, string | number>> {
  const hosted = host?.status();
  const damage = hosted?.faults[0];
  const common = {
    node,
    pid: process.pid,
    cluster,
    state: hosted?.state ?? "starting",
    logBytes: hosted?.walBytesWritten ?? 0,
    logDiskBytes: hosted?.walBytes ?? 0,
    diskFull: hosted?.diskFull === true ? 1 : 0,
    missing: hosted?.missing.join(" ") ?? "",
    damagedPlaces: hosted?.faults.length ?? 0,
    damage: damage === undefined ? "" : `${damage.file} at offset ${damage.offset}: ${damage.why}`,
    fetching: hosted?.fetching.join(" ") ?? "",
    ...counters,
  };
  if (replica === null) return common;
  const status = replica.status();
  return {
    ...common,
    role: status.role,
    leader: status.leader,
    ballot: showBallot(status.ballot),
    round: roundOf(status.ballot),
    chosen: status.chosenTo,
    applied: status.appliedTo,
    revision: status.revision,
    digest: status.digest.toString(16).padStart(8, "0"),
    logTimeMs: Math.floor(status.logTimeMs),
    checkpoint: status.checkpointTo,
    faultySlots: status.damage.faulty,
    repairedSlots: status.damage.cured,
    vote: status.damage.mute ? "lost" : "",
    error: status.error?.code ?? "",
  };
}
