import assert from "node:assert/strict";
import { test } from "node:test";
import { readPorcupineKv } from "../../../packages/check/src/formats/porcupine-kv.ts";
import { refused } from "./refused.ts";

test("key-value events are read, with strings as they are quoted", () => {
  const { operations } = readPorcupineKv(
    [
      String.raw`{:process 4, :type :invoke, :f :append, :key "1", :value "x \"4\", y"}`,
      `{:process 7, :type :invoke, :f :get, :key "1", :value nil}`,
      String.raw`{:process 4, :type :ok, :f :append, :key "1", :value "x \"4\", y"}`,
      `{:process 7, :type :ok, :f :get, :key "1", :value ""}`,
    ].join("\n"),
  );
  assert.deepEqual(
    operations.map((each) => [each.process, each.f, each.key, each.argument, each.result]),
    [
      [4, "append", "1", `x "4", y`, `x "4", y`],
      [7, "get", "1", null, ""],
    ],
  );
});

test("a line that cannot be read is named, with what was expected", () => {
  const event = (type: string, f: string, value: string) => () =>
    readPorcupineKv(`{:process 0, :type :${type}, :f :${f}, :key "k", :value ${value}}`);
  refused(event("invoke", "get", "nil, :x 1"), "BAD_FORMAT", 1, /line 1: expected \{:process P, :type :T/);
  refused(event("begin", "get", "nil"), "BAD_FORMAT", 1, /expected a type :invoke, :ok, :fail or :info/);
  refused(event("invoke", "cas", "nil"), "BAD_FORMAT", 1, /expected :get, :put or :append/);
  refused(event("invoke", "put", "nil"), "BAD_FORMAT", 1, /expected a string as the value of this put/);
  refused(event("invoke", "put", String.raw`"\q"`), "BAD_FORMAT", 1, /expected strings with the escapes of JSON/);
  refused(event("ok", "put", `"a"`), "BAD_HISTORY", 1, /ends a put that it never called/);
});
