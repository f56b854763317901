import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { DigestReport } from "@quorate/log";
import { Digests } from "../../../packages/log/src/replica/digests.ts";

function report(slot: number, digest: number): DigestReport {
  return { kind: "digest", slot, digest, revision: slot };
}

function digests(): Digests {
  const made = new Digests(8);
  for (let slot = 1; slot <= 5; slot++) made.note(slot, slot * 100);
  return made;
}

describe("digests", () => {
  it("Equal digests say that nothing differs.", () => {
    const own = digests();
    own.receive(2, report(5, 500), 5);
    assert.equal(own.divergence([1, 2, 3]), null);
  });

  it("A replica that two of three voters differ from must stop, from the last slot they agreed on.", () => {
    const own = digests();
    own.receive(2, report(2, 200), 5);
    own.receive(2, report(4, 1), 5);
    assert.equal(own.divergence([1, 2, 3]), null, "one against one is not settled yet");
    own.receive(3, report(4, 1), 5);
    assert.deepEqual(own.divergence([1, 2, 3]), { slotFrom: 3, slotTo: 4 });
  });

  it("With two voters both must stop.", () => {
    const own = digests();
    own.receive(2, report(3, 1), 5);
    assert.deepEqual(own.divergence([1, 2]), { slotFrom: 1, slotTo: 3 });
  });

  it("A report from ahead is compared when its slot is applied here.", () => {
    const own = digests();
    own.receive(2, report(6, 1), 5);
    assert.equal(own.differing, 0);
    own.note(6, 600);
    assert.equal(own.differing, 1);
  });

  it("A slot that is remembered no more says nothing.", () => {
    const own = digests();
    for (let slot = 6; slot <= 20; slot++) own.note(slot, slot);
    own.receive(2, report(3, 1), 20);
    assert.equal(own.differing, 0);
  });

  it("A non-voter that differs stops nobody but itself.", () => {
    const own = digests();
    own.receive(4, report(3, 1), 5);
    assert.equal(own.divergence([1, 2, 3]), null);
  });
});
