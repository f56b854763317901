import type { Mutant } from "../mutant.ts";
import { ROT } from "../revealing.ts";

const file = "packages/log/src/wal/recovery.ts";

export const restOfLogCut: readonly Mutant[] = [
  {
    id: "21",
    what: "Recovery stops at the first damaged unit of the segment in use and cuts away everything behind it.",
    patches: [
      {
        file,
        anchor: "      for (const step of steps) {\n",
        replacement: `      for (const step of steps) {
        if (this.#cut) continue;
        if (step.kind === "zone" && this.#nothingAfter(segment)) {
          const whole = steps.filter((one) => one.kind === "unit" && one.unit.end <= step.from).at(-1);
          if (whole !== undefined && whole.kind === "unit") {
            refill.push({ from: step.from, end: writtenEnd(content.sectors, step.from) });
            this.#unit = whole.unit.header.unit;
            this.#position = step.from;
            this.#cut = true;
            continue;
          }
        }
`,
      },
      {
        file,
        anchor: "if (content.damage.length > 0 && step.last && this.#nothingAfter(segment)) {",
        replacement: "if (content.damage.length > 0 && this.#nothingAfter(segment)) {",
      },
      {
        file,
        anchor: "if (isTorn(unit, this.#tails, this.#strays)) {",
        replacement: "if (unit.offset > 0) {",
      },
      {
        file,
        anchor: "refill.push({ from: unit.offset, end: unit.end });",
        replacement: "refill.push({ from: unit.offset, end: writtenEnd(written.sectors, unit.offset) });",
      },
      { file, anchor: 'if (this.#cut || this.#end.state !== "corrupt") {', replacement: "if (segment.number > 0) {" },
    ],
    expects: ["M2", "A1", "A2", "C3"],
    revealedBy: ROT,
  },
];
