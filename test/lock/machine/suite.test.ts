import { test } from "node:test";
import { lockMachine, type LockMode, type LockShape } from "@quorate/lock";
import { machineSuite } from "@quorate/machine/suite";
import { want } from "../log-of-one.ts";

const locks = ["a", "b", "c"];
const modes: readonly LockMode[] = ["exclusive", "shared", "permits"];

function below(random: () => number, end: number): number {
  return Math.floor(random() * end);
}

function command(random: () => number): LockShape["command"] {
  const claim = 1 + below(random, 3);
  const token = 1 + below(random, 60);
  const value = new Uint8Array(below(random, 3)).fill(below(random, 256));
  switch (below(random, 9)) {
    case 0:
      return { kind: "cancel", claim };
    case 1:
      return { kind: "release", claim, token };
    case 2:
      return { kind: "confirm", claims: [1, 2, 3] };
    case 3:
      return { kind: "force", lock: locks[below(random, 3)]!, token: 0, now: random() < 0.5, reason: "suite" };
    case 4:
      return { kind: "proclaim", claim, token, value };
    default: {
      const wants = locks
        .filter(() => random() < 0.6)
        .map((lock) => {
          const mode = modes[below(random, 3)]!;
          return mode === "permits" ? want(lock, mode, 1 + below(random, 2), 2) : want(lock, mode);
        });
      return {
        kind: "acquire",
        claim,
        wants: wants.length === 0 ? [want("a")] : wants,
        wait: random() < 0.8,
        delayMs: below(random, 2) * 200,
        beliefMs: 100,
        value,
      };
    }
  }
}

function query(random: () => number): LockShape["query"] {
  const lock = locks[below(random, 3)]!;
  const queries: readonly LockShape["query"][] = [
    { kind: "describe", lock },
    { kind: "list", prefix: "", after: "", limit: 2 },
    { kind: "validate", lock, token: 1 + below(random, 60) },
    { kind: "claim", session: 1 + below(random, 3), claim: 1 + below(random, 3) },
    { kind: "leader", lock },
    { kind: "audit" },
  ];
  return queries[below(random, queries.length)]!;
}

function watch(random: () => number): LockShape["watch"] {
  return random() < 0.5
    ? { kind: "leader", lock: locks[below(random, 3)]! }
    : { kind: "claim", session: 1 + below(random, 3), claim: 1 + below(random, 3) };
}

for (const { name, run } of machineSuite(lockMachine, { command, query, watch })) test(name, run);
