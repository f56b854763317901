import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Answers } from "../../../packages/log/src/replica/answers.ts";

describe("answers", () => {
  it("What is answered while answers are told comes in the next turn, which is asked for.", () => {
    let wakes = 0;
    const answers = new Answers(() => {
      wakes += 1;
    });
    const told: string[] = [];
    answers.add(
      () => {
        told.push("first");
        answers.add(() => told.push("second"), null, undefined);
      },
      null,
      undefined,
    );
    assert.equal(wakes, 1);
    answers.flush();
    assert.deepEqual(told, ["first"]);
    assert.ok(wakes >= 2);
    answers.flush();
    assert.deepEqual(told, ["first", "second"]);
  });
});
