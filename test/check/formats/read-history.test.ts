import assert from "node:assert/strict";
import { test } from "node:test";
import { check, readHistory } from "@quorate/check";
import { refused } from "./refused.ts";

const json = (f: string, value: string): string =>
  `{"process": 0, "type": "invoke", "f": "${f}", "value": ${value}}\n{"process": 0, "type": "ok", "f": "${f}"}\n`;

test("format and model are told by the text", () => {
  const told = (text: string): readonly string[] => {
    const { format, model } = readHistory(text);
    return [format, model.name];
  };
  assert.deepEqual(told("\nINFO  jepsen.util - 0\t:invoke\t:read\tnil\n"), ["jepsen", "cas-register"]);
  assert.deepEqual(told(`{:process 0, :type :invoke, :f :get, :key "1", :value nil}`), ["porcupine-kv", "kv"]);
  assert.deepEqual(told(json("put", `"a"`)), ["json-lines", "kv"]);
  assert.deepEqual(told(json("write", "1")), ["json-lines", "cas-register"]);
  assert.deepEqual(told(json("acquire", "null")), ["json-lines", "mutex"]);
});

test("a model can be named, and must know the functions", () => {
  assert.equal(readHistory(json("write", "1"), { model: "register" }).model.name, "register");
  refused(
    () => readHistory(json("write", "1"), { model: "kv" }),
    "BAD_MODEL",
    2,
    /the model kv knows get, put, .*, not write/,
  );
  refused(() => readHistory(json("write", "1"), { model: "queue" }), "BAD_MODEL", 0, /there is no model "queue"/);
  refused(
    () => readHistory(json("enqueue", "1")),
    "BAD_MODEL",
    0,
    /no model is known for the functions enqueue; name one/,
  );
});

test("in histories of porcupine an absent key reads as the empty string, named model or not", () => {
  const text = [
    `{:process 0, :type :invoke, :f :get, :key "1", :value nil}`,
    `{:process 0, :type :ok, :f :get, :key "1", :value ""}`,
  ].join("\n");
  for (const model of ["", "kv"]) {
    const read = readHistory(text, { model });
    assert.equal(check(read.history, read.model).verdict, "linearizable");
  }
});

test("a text of no known format is refused, with what was expected", () => {
  refused(
    () => readHistory("\n\nhello"),
    "BAD_FORMAT",
    3,
    /line 3: this is no history: expected INFO jepsen.util.*found hello/,
  );
  refused(() => readHistory(""), "BAD_FORMAT", 0, /found nothing/);
});
