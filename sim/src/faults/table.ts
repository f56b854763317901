import type { World } from "../world/world.ts";
import * as client from "./client.ts";
import * as clock from "./clock.ts";
import * as crash from "./crash.ts";
import * as disk from "./disk.ts";
import * as leader from "./leader.ts";
import * as link from "./link.ts";
import * as members from "./members.ts";
import * as partition from "./partition.ts";
import { type Fault, type FaultKind, hitsLeader } from "./schedule.ts";
import { type FaultDefinition, type Met, type Names, partOf, type Undo } from "./strike.ts";

/** What each kind does. */
const FAULTS: Readonly<Record<FaultKind, FaultDefinition>> = {
  delay: link.delay,
  "slow-link": link.slowLink,
  duplicate: link.duplicate,
  reorder: link.reorder,
  loss: link.loss,
  flap: link.flap,
  "corrupt-frames": link.corruptFrames,
  "disk-stall": disk.diskStall,
  "disk-full": disk.diskFull,
  "disk-error": disk.diskError,
  "wall-jump": clock.wallJump,
  "clock-drift": clock.clockDrift,
  pause: crash.pause,
  sleep: crash.sleep,
  "client-stop": client.clientStop,
  "client-death": client.clientDeath,
  "client-cut": client.clientCut,
  transfer: members.transfer,
  "step-down": members.stepDown,
  "one-way": partition.oneWay,
  partial: partition.partial,
  isolate: partition.isolate,
  split: partition.split,
  kill: crash.kill,
  "power-loss": crash.powerLoss,
  "file-crash": crash.fileCrash,
  "leader-cut-off": leader.leaderCutOff,
  "leader-crash": leader.leaderCrash,
  "leader-storm": leader.leaderStorm,
  blackout: crash.blackout,
  "members-add": members.membersAdd,
  "members-remove": members.membersRemove,
  "members-replace": members.membersReplace,
  "members-many": members.membersMany,
  "leader-removed": members.leaderRemoved,
  "members-crash": members.membersCrash,
  "bit-rot": disk.bitRot,
  "misdirected-write": disk.misdirectedWrite,
  "lost-write": disk.lostWrite,
  "old-copy": disk.oldCopy,
  wipe: disk.wipe,
};

/** Lets a fault happen to whom its numbers say, modulo what there is. Returns how it ends. */
export function strike(world: World, fault: Fault): Undo {
  const { nodes, clients, operator } = world;
  return FAULTS[fault.kind].strike({
    world,
    fault,
    node: (hitsLeader(fault) ? operator.leader() : null) ?? nodes[fault.node % nodes.length]!,
    peer: nodes[fault.peer % nodes.length]!,
    client: clients[fault.node % clients.length]!,
    part: partOf(fault),
  });
}

/** True time from its beginning to its end. */
export function lastsMs(fault: Fault): number {
  return FAULTS[fault.kind].lastsMs?.(fault) ?? fault.forMs;
}

/** Who is hit, in the words of the story. */
function namesOf(fault: Fault, machines: number, clients: number, met: Met | null): Names {
  const leader =
    met === null ? "whoever leads" : met.leader > 0 ? `node ${met.leader} (the leader)` : "whoever leads (nobody did)";
  const numbered = `node ${(fault.node % machines) + 1}`;
  return {
    leader,
    node: hitsLeader(fault) && met?.leader !== 0 ? leader : numbered,
    peer: `node ${(fault.peer % machines) + 1}`,
    client: `client ${(fault.node % clients) + 1}`,
  };
}

/**
 * One line in plain language: when, what, to whom.
 *
 * @param machines - how many there are in the run.
 * @param clients - how many run at a time.
 * @param met - whom it met in a run; null: it is told before one.
 */
export function showFault(
  fault: Fault,
  atMs: number,
  machines: number,
  clients: number,
  met: Met | null = null,
): string {
  const words = FAULTS[fault.kind].words(namesOf(fault, machines, clients, met), fault);
  const later = met?.later.filter((id) => !new RegExp(`\\bnode ${id}\\b`, "u").test(words)) ?? [];
  const who = later.length === 0 ? "" : ` (${later.length === 1 ? "node" : "nodes"} ${later.join(", ")})`;
  return `${(atMs / 1000).toFixed(3)} s: ${words}${who}`;
}
