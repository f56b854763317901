import assert from "node:assert/strict";
import { test } from "node:test";
import { TRANSPORT_CHECKS } from "@quorate/log/suite";
import { memoryNetwork } from "../../../packages/log/src/transport/memory-transport.ts";
import { Turns } from "../turns.ts";

for (const check of TRANSPORT_CHECKS) {
  test(`memory transport: ${check.name}`, () => {
    const turns = new Turns();
    const network = memoryNetwork((_from, _to, _bytes, deliver) => {
      turns.endOfTurn(deliver);
    });
    let outcome: Error | null | "none" = "none";
    const subject = {
      transport: (node: number) => network.transport(node),
      later: (run: () => void) => {
        turns.after(1, run);
      },
    };
    check.run(subject, (failure) => {
      outcome = failure;
    });
    turns.advance(5_000);
    assert.equal(outcome, null);
  });
}
