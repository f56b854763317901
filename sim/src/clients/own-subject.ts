import { KV_NAME, kvMachine } from "@quorate/kv";
import { LOCK_MACHINE, lockMachine } from "@quorate/lock";
import type { MachineDefinition, Shape } from "@quorate/machine";
import type { RunConfig } from "../world/config.ts";
import { finalReads, kvProgram, readProgram } from "./kv-program.ts";
import { lockProgram } from "./lock-program.ts";
import type { Subject } from "./program.ts";
import { storeProgram } from "./store-program.ts";
import { watchProgram } from "./watch-program.ts";

/** Names of its machines. */
export const OWN_MACHINES: readonly string[] = [KV_NAME, LOCK_MACHINE];

/** The key-value store and the locks of this project, used as hard as the configuration says. */
export function ownSubject(config: RunConfig): Subject {
  const { kvClients, readClients, storeClients, lockClients, watchClients, historyRevisionsMax } = config;
  const kv = kvMachine({ historyRevisionsMax });
  return {
    machines: [kv, lockMachine] as unknown as readonly MachineDefinition<Shape>[],
    ownMachines: OWN_MACHINES,
    programs: [
      ...repeated(kvProgram, kvClients),
      ...repeated(readProgram, readClients),
      ...repeated(storeProgram, storeClients),
      ...repeated(lockProgram(), lockClients),
      ...repeated(watchProgram, watchClients),
    ],
    sizes: ["lockClients", "watchClients", "storeClients", "readClients", "kvClients", "keys"],
    begin: () => undefined,
    readBack: finalReads,
  };
}

function repeated<T>(value: T, count: number): T[] {
  return Array.from({ length: count }, () => value);
}
