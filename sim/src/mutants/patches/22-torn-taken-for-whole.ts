import type { Mutant } from "../mutant.ts";
import { MISDIRECTED, POWER, ROT } from "../revealing.ts";

export const tornTakenForWhole: readonly Mutant[] = [
  {
    id: "22a",
    what: "Checksums cover the headers of records and not what they hold: a torn last unit is taken for whole.",
    patches: [
      {
        file: "packages/log/src/wal/record-codec.ts",
        anchor:
          "  if (view.getUint32(at + RECORD_PAYLOAD_CHECKSUM_AT, true) !== xxh32(segment, from, from + length)) return damaged;\n",
        replacement: "",
      },
      {
        file: "packages/log/src/wal/unit-reader.ts",
        anchor: "damage: directoryAt === 0 ? [offset] : [] };",
        replacement: "damage: [] };",
      },
    ],
    expects: ["M1", "A4", "D3"],
    // What rots in a payload passes as well.
    revealedBy: [...POWER, ...ROT],
  },
  {
    id: "22b",
    what: "Checksums do not cover the place of what they are of, and a unit is taken for the one that belongs where it stands: a misdirected write hides what it has overwritten.",
    standsFor:
      "for checksums without the place alone: units bear numbers that grow by one, so that one in a wrong place is found by its number too; here a number that stands anywhere is missed nowhere",
    patches: [
      {
        file: "packages/log/src/wal/format.ts",
        anchor: "  putWhole(view, 8, segment);\n",
        replacement: "  putWhole(view, 8, 0 * segment);\n",
      },
      {
        file: "packages/log/src/wal/format.ts",
        anchor: "  return crc32c(offsetBytes, key.checksum);\n",
        replacement: "  return crc32c(offsetBytes.fill(0), key.checksum);\n",
      },
      {
        file: "packages/log/src/wal/recovery.ts",
        anchor: "        if (before !== null && unit.header.unit <= before.header.unit) continue;\n",
        replacement: `        const isWhere = unit.offset === cursor && cursor > FIRST_UNIT_OFFSET;
        const numbers = new Set([...this.#units.values()].flat().map(({ header }) => header.unit));
        let gone = 0;
        for (let number = (before?.header.unit ?? Infinity) + 1; number < unit.header.unit && !isWhere; number++)
          if (!numbers.has(number)) gone += 1;
`,
      },
      {
        file: "packages/log/src/wal/recovery.ts",
        anchor: "before !== null ? unit.header.unit - before.header.unit - 1 : this.#missingBefore(segment, unit)",
        replacement: "before !== null ? gone : this.#missingBefore(segment, unit)",
      },
    ],
    expects: ["M2", "A4", "D3", "X2"],
    revealedBy: MISDIRECTED,
  },
];
