import type { Mutant } from "../mutant.ts";
import { MISDIRECTED, POWER } from "../revealing.ts";

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
        anchor: "damage: directory === null ? [offset] : [] };",
        replacement: "damage: [] };",
      },
    ],
    expects: ["M1", "A4", "D3"],
    revealedBy: POWER,
  },
  {
    id: "22b",
    what: "Checksums do not cover the place of what they are of: a misdirected write is taken for one that belongs there.",
    patches: [
      {
        file: "packages/log/src/wal/format.ts",
        anchor: "  placeView.setUint32(16, offset, true);\n",
        replacement: "  placeView.setUint32(16, offset * 0, true);\n",
      },
    ],
    expects: ["M2", "A4", "D3"],
    revealedBy: MISDIRECTED,
  },
];
