import type { Mutant } from "../mutant.ts";

export const restoreMerges: readonly Mutant[] = [
  {
    id: "30",
    what: "A snapshot is merged into the store that stands instead of replacing it: what was deleted meanwhile comes back.",
    patches: [
      {
        file: "packages/machine/src/compose.ts",
        anchor: "(definition, version) => definition.restore(neighbourhood, version),",
        replacement:
          "(definition, version) => definition.restore(neighbourhood, version, this.partOf.get(definition.name)?.machine),",
      },
      {
        file: "packages/kv/src/machine/machine.ts",
        anchor: "restore: (neighbours, version) => {",
        replacement: "restore: (neighbours, version, live) => {",
      },
      {
        file: "packages/kv/src/machine/machine.ts",
        anchor: "return new KvRestore(all, (store, history) => new KvMachine(store, history, all, neighbours));",
        replacement: `return new KvRestore(all, (store, history) => {
        live?.mergeInto(store);
        return new KvMachine(store, history, all, neighbours);
      });`,
      },
      {
        file: "packages/kv/src/machine/machine.ts",
        anchor: "  apply(command: Command, at: At): Result {",
        replacement: `  mergeInto(store: Store): void {
    this.#store.mergeInto(store);
  }

  apply(command: Command, at: At): Result {`,
      },
      {
        file: "packages/kv/src/machine/store.ts",
        anchor: "  keyCountOf(session: number): number {",
        replacement: `  mergeInto(other: Store): void {
    for (const [key, { state }] of this.#ordered.entries(undefined, [])) if (other.find(key) === undefined) other.put(state);
  }

  keyCountOf(session: number): number {`,
      },
    ],
    expects: ["D3", "E1", "J1"],
    revealedBy: "contention",
  },
];
