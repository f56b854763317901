import type { Mutant } from "../mutant.ts";

export const replyComputedAnew: readonly Mutant[] = [
  {
    id: "33",
    what: "A request that comes again changes nothing, but its reply is computed anew instead of repeated.",
    patches: [
      {
        file: "packages/machine/src/compose.ts",
        anchor: "    if (first !== undefined) return first;\n",
        replacement: `    if (first !== undefined) {
      if (machine !== "kv" || first.error !== "") return first;
      const part = this.partOf.get(machine)!;
      const asked = { ...this.stepAt(session.id), revision: this.revision + 1, repeated: true };
      const again = part.machine.apply(part.definition.codecs.command.decode(command.command), asked);
      return { ...first, bytes: part.definition.codecs.result.encode(again) };
    }
`,
      },
      {
        file: "packages/kv/src/machine/machine.ts",
        anchor: "if (result[0] === REFUSED) this.#step.rollBack();",
        replacement: "if (result[0] === REFUSED || at.repeated) this.#step.rollBack();",
      },
    ],
    expects: ["F2"],
    revealedBy: "contention",
  },
];
