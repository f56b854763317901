import assert from "node:assert/strict";
import { test } from "node:test";
import { hunt, huntNothing, type Mutant, MUTANTS } from "@quorate/sim/mutants";

const FEW = { seed: 1, seconds: 10, cpuMinutes: 0.5, shrinkCpuSecondsMax: 0 };

/** A follower leaves a slot out when it applies. */
const SLOT_SKIPPED: Mutant = {
  id: "0",
  what: "Followers do not apply every twentieth slot.",
  patches: [
    {
      file: "packages/log/src/replica/replica.ts",
      anchor: "    for (const entry of chosen) {\n",
      replacement:
        "    for (const entry of chosen) {\n      if (this.#leader !== this.#room.node && entry.slot % 20 === 0) continue;\n",
    },
    {
      file: "packages/log/src/replica/applier.ts",
      anchor: "if (entry.slot !== this.#appliedTo + 1) {",
      replacement: "if (entry.slot < this.#appliedTo) {",
    },
  ],
  expects: ["D1", "D2", "D5"],
  revealedBy: "contention",
};

test("followers that leave a slot out are found at once", async () => {
  const { kill } = await hunt(SLOT_SKIPPED, FEW);
  assert.ok(kill !== null && kill.seeds <= 5, JSON.stringify(kill));
  assert.ok(SLOT_SKIPPED.expects.includes(kill.invariant), kill.witness);
});

test("a quorum of half of the voters is found within a few seeds, in which the sources as they stand break nothing", async () => {
  const { kill } = await hunt(
    MUTANTS.find(({ id }) => id === "14a")!,
    FEW,
  );
  assert.ok(kill !== null && kill.seeds <= 10, JSON.stringify(kill));
  const clean = await huntNothing(3, FEW);
  assert.equal(clean.violation, null);
  assert.ok(clean.complete);
});
