import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { QuorateError, type Settlement } from "@quorate/machine";
import { Answers } from "../../../packages/log/src/replica/answers.ts";
import { Replies } from "../../../packages/log/src/replica/replies.ts";

const BYTES = new Uint8Array([1]);

function settlement(error: Settlement["error"] = ""): Settlement {
  return { error, bytes: BYTES, revision: 5, logTimeMs: 6 };
}

function made(): {
  readonly answers: Answers;
  readonly replies: Replies;
  readonly told: string[];
  tell(name: string): (error: QuorateError | null) => void;
} {
  const answers = new Answers(() => undefined);
  const told: string[] = [];
  return {
    answers,
    replies: new Replies(answers),
    told,
    tell: (name) => (error) => {
      told.push(error === null ? name : `${name} ${error.code} ${error.outcome}`);
    },
  };
}

describe("replies", () => {
  it("Whoever waits for a request is told once, at the end of the turn.", () => {
    const { answers, replies, told, tell } = made();
    const request = { session: 3, number: 4 };
    replies.add(request, 0, "m", BYTES, tell("a")).tell.push(tell("b"));
    replies.settle({ session: 3, number: 5 }, settlement());
    replies.settle(request, settlement());
    replies.settle(request, settlement());
    assert.deepEqual(told, []);
    answers.flush();
    assert.deepEqual(told, ["a", "b"]);
    assert.equal(replies.count, 0);
    assert.equal(replies.find(request), undefined);
  });

  it("What the log refused is an error with the log's word on its outcome.", () => {
    const { answers, replies, told, tell } = made();
    replies.add({ session: 3, number: 1 }, 0, "m", BYTES, tell("burnt"));
    replies.add({ session: 3, number: 2 }, 0, "m", BYTES, tell("fault"));
    replies.add({ session: 4, number: 1 }, 0, "m", BYTES, tell("ended"));
    replies.settle({ session: 3, number: 1 }, settlement("BURNT"));
    replies.settle({ session: 3, number: 2 }, settlement("MACHINE_FAULT"));
    replies.settle({ session: 4, number: 1 }, settlement("SESSION_ENDED"));
    answers.flush();
    assert.deepEqual(told, ["burnt BURNT not-applied", "fault MACHINE_FAULT applied", "ended SESSION_ENDED unknown"]);
  });

  it("When an opening ends, only who was handed over is refused.", () => {
    const { answers, replies, told, tell } = made();
    const handed = replies.add({ session: 3, number: 1 }, 0, "m", BYTES, tell("handed"));
    handed.handed = true;
    replies.add({ session: 3, number: 2 }, 0, "m", BYTES, tell("waits"));
    replies.refuseAllHanded((request) => new QuorateError("NO_LEADER", "unknown", "", {}, request));
    answers.flush();
    assert.deepEqual(told, ["handed NO_LEADER unknown"]);
    assert.equal(replies.count, 1);
  });
});
