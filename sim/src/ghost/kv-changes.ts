import { commandsOf } from "./value.ts";
import { KV_NAME, kvMachine } from "@quorate/kv";
import { type RequestId, type Settlement } from "@quorate/machine";
import type { Entry } from "@quorate/paxos";

/** What one revision did to one key; `value` null: it was deleted. */
export interface GhostChange {
  readonly revision: number;
  readonly key: string;
  readonly value: Uint8Array | null;
}

const { command: commands, result: results } = kvMachine().codecs;

/** What every revision did to the keys of the store, as follows from the commands and results in the log. */
export class KvChanges {
  /** Ascending by revision. */
  readonly all: GhostChange[] = [];

  /** A batch was applied that nobody applied before, with the outcomes of its commands, in order. */
  note(
    { bytes }: Entry,
    settled: readonly { readonly request: RequestId; readonly settlement: Settlement; readonly isNew: boolean }[],
  ): void {
    for (const [index, { machine, command }] of commandsOf(bytes).entries()) {
      const { settlement, isNew } = settled[index]!;
      if (machine !== KV_NAME || !isNew || settlement.error !== "") continue;
      this.#note(settlement.revision, commands.decode(command), results.decode(settlement.bytes));
    }
  }

  #note(
    revision: number,
    command: ReturnType<typeof commands.decode>,
    result: ReturnType<typeof results.decode>,
  ): void {
    if (command[0] === 1 && result[0] === 1) this.all.push({ revision, key: command[1], value: command[2] });
    else if (command[0] === 2 && result[0] === 2 && result[1] > 0)
      this.all.push({ revision, key: command[1][1], value: null });
    else if (command[0] === 3 && result[0] === 3 && result[1])
      this.all.push({ revision, key: command[1], value: command[3] });
  }

  /** The place of the first change above a revision. */
  after(revision: number): number {
    let low = 0;
    let high = this.all.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.all[middle]!.revision > revision) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}
