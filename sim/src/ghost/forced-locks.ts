import { LOCK_MACHINE, lockMachine } from "@quorate/lock";
import type { Composite, RequestId, Settlement } from "@quorate/machine";
import type { Entry } from "@quorate/paxos";
import { Unobservant } from "../world/observer.ts";
import { StepOutcomes } from "./step-outcomes.ts";
import { commandsOf } from "./value.ts";

const { command: commands, result: results } = lockMachine.codecs;

/** The grants that were taken by force, and at once: for a while their holders believe in what the log has given on, as it was asked for. */
export class ForcedLocks extends Unobservant {
  readonly #taken = new Set<string>();
  readonly #step = new StepOutcomes();
  #appliedTo = 0;

  override settled(_node: number, request: RequestId, settlement: Settlement, revisionBefore: number): void {
    this.#step.settled(request, settlement, revisionBefore);
  }

  override applied(_node: number, entry: Entry, counted: boolean, _composite: Composite): void {
    this.#step.applied();
    if (entry.slot <= this.#appliedTo) return;
    this.#appliedTo = entry.slot;
    if (!counted || entry.kind !== "batch") return;
    for (const [index, { machine, command }] of commandsOf(entry.bytes).entries()) {
      const { error, bytes } = this.#step.all[index]!.settlement;
      if (machine !== LOCK_MACHINE || error !== "") continue;
      const sent = commands.decode(command);
      if (sent.kind !== "force" || !sent.now) continue;
      const result = results.decode(bytes);
      if (result.kind !== "forced") continue;
      for (const { token } of result.claims) this.#taken.add(nameOf(sent.lock, token));
    }
  }

  /** Whether a holder of these locks had one of them taken from it at once. */
  has(locks: readonly string[], token: number): boolean {
    return locks.some((lock) => this.#taken.has(nameOf(lock, token)));
  }
}

function nameOf(lock: string, token: number): string {
  return `${lock} ${token}`;
}
