import { connect, type TestCluster } from "quorate";

/** One crash: when, and of how many. */
export interface Kill {
  readonly atMs: number;
  readonly nodes: readonly number[];
  readonly leader: boolean;
}

const PAUSE_MS_MIN = 2_000;
const PAUSE_MS_SPREAD = 2_000;
const POLL_MS = 100;

/** Kills one replica every 2 to 4 seconds, once all are caught up: the leader in half of the cases, and once all of them. */
export async function killUntil(cluster: TestCluster, endMs: number, random: () => number): Promise<readonly Kill[]> {
  const kills: Kill[] = [];
  const fullStopAt = performance.now() + (endMs - performance.now()) / 2;
  let fullStopDone = false;
  for (let turn = 0; ; turn++) {
    await pause(PAUSE_MS_MIN + random() * PAUSE_MS_SPREAD);
    const leader = await caughtUp(cluster, endMs);
    if (performance.now() >= endMs || leader === 0) return kills;
    const all: boolean = !fullStopDone && performance.now() >= fullStopAt;
    const wantsLeader = turn % 2 === 0;
    const others = cluster.nodes.filter((node) => node !== leader);
    const one = wantsLeader ? leader : others[Math.floor(random() * others.length)]!;
    const nodes = all ? cluster.nodes : [one];
    fullStopDone ||= all;
    kills.push({ atMs: performance.now(), nodes, leader: !all && wantsLeader });
    await Promise.all(nodes.map((node) => cluster.kill(node)));
    await Promise.all(nodes.map((node) => cluster.start(node)));
  }
}

/** Waits until every replica has applied what the leader had applied one poll earlier. Returns the leader, 0 if time ran out. */
export async function caughtUp(cluster: TestCluster, endMs: number): Promise<number> {
  const quorate = connect(cluster.endpoints);
  try {
    let goal = Infinity;
    while (performance.now() < endMs) {
      const answers = await Promise.all(
        cluster.endpoints.map((endpoint) => quorate.client.status(endpoint, { timeoutMs: 1_000 }).catch(() => null)),
      );
      const statuses = answers.filter((status) => status !== null);
      const leading = statuses.find((status) => status["role"] === "leader");
      const applied = statuses.map((status) => Number(status["applied"] ?? 0));
      if (leading !== undefined && statuses.length === cluster.nodes.length) {
        if (Math.min(...applied) >= goal) return Number(leading["node"]);
        goal = Number(leading["applied"]);
      }
      await pause(POLL_MS);
    }
    return 0;
  } finally {
    await quorate.close();
  }
}

/** The longest time without an event that began within `windowMs` after `fromMs`; one that no event ended lasts until `untilMs`. */
export function longestGapMs(eventsMs: readonly number[], fromMs: number, windowMs: number, untilMs: number): number {
  let last = fromMs;
  let longest = 0;
  for (const eventMs of eventsMs) {
    if (eventMs < fromMs) continue;
    longest = Math.max(longest, eventMs - last);
    last = eventMs;
    if (eventMs > fromMs + windowMs) return longest;
  }
  return Math.max(longest, untilMs - last);
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
