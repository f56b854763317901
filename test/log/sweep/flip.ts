import { QuorateError } from "@quorate/machine";
import { MemoryCluster } from "../memory-cluster.ts";
import { NODES, type Scene } from "./scene.ts";

/** One bit of one file of one replica. */
export interface Flip {
  readonly node: number;
  readonly path: string;
  readonly position: number;
  readonly bit: number;
}

/** What became of a cluster that was started again over damaged disks. */
export interface Aftermath {
  /** Some node reports damage. */
  readonly isFound: boolean;
  /** Nodes that had slots cured and report no damage. */
  readonly silent: readonly number[];
  /** Slots cured, and snapshots fetched from peers. */
  readonly repaired: number;
  /** Nodes that have lost their vote for this incarnation. */
  readonly mute: readonly number[];
  /** Why a node does not serve. */
  readonly refused: readonly string[];
  /** Acknowledged words that some serving replica lacks, or has twice. */
  readonly lost: readonly string[];
  /** Replicas whose digests or words differ. */
  readonly isDiverged: boolean;
}

const AGAIN = "once more";

/** Starts the cluster of `scene` again, with these bits flipped, writes once more, and looks at everything that was acknowledged. */
export function aftermathOf(scene: Scene, flips: readonly Flip[]): Aftermath {
  const cluster = new MemoryCluster({ ...scene.options, seed: 7 });
  for (const id of NODES) {
    const node = cluster.node(id);
    const { time } = cluster;
    node.disk = scene.disks.get(id)!.copy((run, { kind }) => time.after(kind === "sync" ? 2 : 0.05, run));
    // The processes of before had a life each.
    node.life = 1;
  }
  for (const { node, path, position, bit } of flips) cluster.node(node).disk.flip(path, position, bit);
  cluster.openings = scene.openings;
  cluster.startAll();
  soon(cluster, "a leader opens", () => cluster.leader() !== 0);
  cluster.client(600_000).open().appended(AGAIN);
  soon(cluster, "every replica has caught up", () => hasCaughtUp(cluster));
  return judge(cluster, scene);
}

/** Lets time pass until `met` holds; looks every 20 ms, since looking costs more than most events. */
function soon(cluster: MemoryCluster, what: string, met: () => boolean): void {
  for (let waitedMs = 0; !met(); waitedMs += 20) {
    if (waitedMs > 10_000) throw new Error(`${what}: not within 10 s`);
    cluster.time.run(20);
  }
}

function hasCaughtUp(cluster: MemoryCluster): boolean {
  const leader = cluster.node(cluster.leader()).replica?.status();
  if (leader === undefined) return false;
  return NODES.every((id) => {
    const { replica, failures } = cluster.node(id);
    if (replica === null) return failures.length > 0;
    const { appliedTo, damage } = replica.status();
    return appliedTo === leader.appliedTo && damage.faulty === 0;
  });
}

function judge(cluster: MemoryCluster, scene: Scene): Aftermath {
  const expected = new Set([...scene.acknowledged, AGAIN]);
  const lost = new Set<string>();
  const digests = new Set<string>();
  const mute: number[] = [];
  const refused: string[] = [];
  let repaired = 0;
  for (const id of NODES) {
    const { replica, failures } = cluster.node(id);
    for (const { code, message } of failures) refused.push(`node ${id}: ${code} ${message}`);
    if (replica === null) continue;
    const { digest, revision, damage, counters } = replica.status();
    digests.add(`${digest} ${revision}`);
    repaired += damage.cured + (counters["snapshots-installed"] ?? 0);
    if (damage.mute) mute.push(id);
    const words = cluster.words(id);
    const found = new Set(words);
    for (const word of expected) if (!found.has(word)) lost.add(word);
    if (found.size !== words.length || found.size !== expected.size)
      lost.add(`${words.length} words, some twice or unknown`);
  }
  const isFound = NODES.some((id) => faultsAt(cluster, id) > 0);
  const silent = NODES.filter((id) => {
    const cured = cluster.node(id).replica?.status().damage.cured ?? 0;
    return cured > 0 && faultsAt(cluster, id) === 0;
  });
  return { isFound, silent, repaired, mute, refused, lost: [...lost], isDiverged: digests.size > 1 };
}

function faultsAt(cluster: MemoryCluster, id: number): number {
  const { host, failures } = cluster.node(id);
  return failures.length + (host?.status().faults.length ?? 0);
}

/** What a run that ended with an error says of itself. */
export function wordsOf(thrown: unknown): string {
  return thrown instanceof QuorateError ? `${thrown.code}: ${thrown.message}` : String(thrown);
}
