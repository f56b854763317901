import { missedBy } from "../coverage/sometimes.ts";
import type { ConfigWishes } from "../world/config.ts";
import type { CampaignResult } from "./campaign.ts";

/** One result of several parts of a campaign, each of other seeds, that ran at the same time. */
export function merged(parts: readonly CampaignResult[], wishes: ConfigWishes): CampaignResult {
  const sum = (value: (part: CampaignResult) => number): number =>
    parts.reduce((total, part) => total + value(part), 0);
  const coverage = new Map(
    Object.keys(parts[0]!.coverage).map((name) => [name, sum((part) => part.coverage[name] ?? 0)]),
  );
  const simulatedSeconds = Math.round(sum((part) => part.simulatedSeconds) * 1000) / 1000;
  return {
    runs: sum(({ runs }) => runs),
    simulatedSeconds,
    wallSeconds: Math.max(...parts.map(({ wallSeconds }) => wallSeconds)),
    events: sum(({ events }) => events),
    operations: sum(({ operations }) => operations),
    violations: sum(({ violations }) => violations),
    takenTwice: sum(({ takenTwice }) => takenTwice),
    diverged: sum(({ diverged }) => diverged),
    searched: {
      linearizable: sum(({ searched }) => searched.linearizable),
      "not-linearizable": sum(({ searched }) => searched["not-linearizable"]),
      unknown: sum(({ searched }) => searched.unknown),
    },
    coverage: Object.fromEntries(coverage),
    missed: missedBy(coverage, simulatedSeconds, wishes),
  };
}
