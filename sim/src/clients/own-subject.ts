import { kvMachine } from "@quorate/kv";
import { lockMachine } from "@quorate/lock";
import type { MachineDefinition, Shape } from "@quorate/machine";
import type { RunConfig } from "../world/config.ts";
import { finalReads, kvProgram } from "./kv-program.ts";
import { lockProgram } from "./lock-program.ts";
import type { Subject } from "./program.ts";
import { watchProgram } from "./watch-program.ts";

/** Revisions that the store remembers: few, so that its history is compacted within a run. */
const HISTORY_REVISIONS = 500;

/** The key-value store and the locks of this project, used as hard as the configuration says. */
export function ownSubject({ kvClients, lockClients, watchClients }: RunConfig): Subject {
  const kv = kvMachine({ historyRevisionsMax: HISTORY_REVISIONS });
  return {
    machines: [kv, lockMachine] as unknown as readonly MachineDefinition<Shape>[],
    programs: [
      ...repeated(kvProgram, kvClients),
      ...repeated(lockProgram, lockClients),
      ...repeated(watchProgram, watchClients),
    ],
    readBack: finalReads,
  };
}

function repeated<T>(value: T, count: number): T[] {
  return Array.from({ length: count }, () => value);
}
