import assert from "node:assert/strict";
import { test } from "node:test";
import { CheckError, MODEL_NAMES, modelByName } from "@quorate/check";

test("every name gives the model of that name", () => {
  assert.deepEqual(
    MODEL_NAMES.map((name) => modelByName(name).name),
    ["register", "cas-register", "kv", "mutex"],
  );
});

test("an unknown name is refused with the names that there are", () => {
  assert.throws(
    () => modelByName("queue"),
    (error) =>
      error instanceof CheckError &&
      error.code === "BAD_MODEL" &&
      error.message.includes("register, cas-register, kv, mutex"),
  );
});
