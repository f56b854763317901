import { checkByRevision } from "@quorate/check";
import { startTestCluster, type TestCluster } from "quorate";

import { caughtUp, type Kill, killUntil, longestGapMs } from "./kills.ts";
import { Load } from "./load.ts";
import { lostWrites } from "./lost-writes.ts";

/** What a crash run found. `longestGapMs`: without a completed write after one replica was killed; `fullStopMs`: after all were. */
export interface CrashReport {
  readonly acknowledged: number;
  readonly lost: number;
  readonly unknown: number;
  readonly kills: number;
  readonly leaderKills: number;
  readonly opsChecked: number;
  readonly linearizable: boolean;
  readonly longestGapMs: number;
  readonly fullStopMs: number;
}

const CALLERS = 64;
const CONNECTIONS = 8;
/** A gap belongs to a kill if it begins within this time after it. */
const GAP_WINDOW_MS = 1_900;
const FULL_STOP_WINDOW_MS = 10_000;
const SETTLE_MS = 30_000;
const LEADER_GAP_MS_MAX = 1_000;

/** Three real processes under load, killed and started again for `seconds`; then every acknowledged write is looked for in every replica. */
export async function crashRun(
  seconds: number,
  folder: string,
  random: () => number,
): Promise<{ report: CrashReport; complaints: readonly string[] }> {
  const cluster = await startTestCluster({ folder });
  try {
    const load = new Load(cluster.endpoints, CALLERS, CONNECTIONS);
    const kills = await killUntil(cluster, performance.now() + seconds * 1_000, random);
    const stoppedMs = performance.now();
    await load.stop();
    return await judge(cluster, load, kills, seconds, stoppedMs);
  } finally {
    await cluster.stop();
  }
}

async function judge(
  cluster: TestCluster,
  load: Load,
  kills: readonly Kill[],
  seconds: number,
  stoppedMs: number,
): Promise<{ report: CrashReport; complaints: readonly string[] }> {
  const complaints: string[] = [];
  if ((await caughtUp(cluster, performance.now() + SETTLE_MS)) === 0)
    complaints.push("the replicas did not catch up in time");
  const lost = await lostWrites(cluster, load.operations, complaints);
  const checked = checkByRevision(load.operations);
  if (checked.verdict !== "linearizable") complaints.push(`not linearizable: ${checked.witness}`);
  const gaps = (all: boolean): number =>
    Math.max(
      0,
      ...kills
        .filter(({ nodes }) => (nodes.length === cluster.nodes.length) === all)
        .map(({ atMs }) =>
          longestGapMs(load.acknowledgedMs, atMs, all ? FULL_STOP_WINDOW_MS : GAP_WINDOW_MS, stoppedMs),
        ),
    );
  const report: CrashReport = {
    acknowledged: load.acknowledgedMs.length,
    lost,
    unknown: load.unknown,
    kills: kills.length,
    leaderKills: kills.filter(({ leader }) => leader).length,
    opsChecked: load.operations.length,
    linearizable: checked.verdict === "linearizable",
    longestGapMs: Math.round(gaps(false)),
    fullStopMs: Math.round(gaps(true)),
  };
  if (lost > 0) complaints.push(`${lost} acknowledged writes are lost`);
  if (report.acknowledged < seconds * 1_000)
    complaints.push(`only ${report.acknowledged} writes were acknowledged, fewer than 1,000 a second`);
  if (report.kills < Math.floor(seconds / 6))
    complaints.push(`only ${report.kills} kills, fewer than one in 6 seconds`);
  if (report.leaderKills === 0) complaints.push("no leader was killed");
  if (!kills.some(({ nodes }) => nodes.length === cluster.nodes.length))
    complaints.push("all three were never killed at once");
  if (report.longestGapMs >= LEADER_GAP_MS_MAX)
    complaints.push(`no write was completed for ${report.longestGapMs} ms after one replica was killed`);
  return { report, complaints };
}
