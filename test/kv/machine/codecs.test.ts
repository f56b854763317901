import assert from "node:assert/strict";
import { test } from "node:test";
import { encodeCbor } from "@quorate/machine";
import { kvMachine, type KvShape } from "@quorate/kv";
import { bytes } from "../log-of-one.ts";

const { codecs } = kvMachine();

test("every command comes back from its bytes as it was", () => {
  const commands: readonly KvShape["command"][] = [
    [1, "k", bytes("v"), 3, 10],
    [1, "k", null, 4, 0],
    [2, [3, "a", "b"], 5, 1],
    [3, "k", [0], null, 0, 0],
    [3, "k", [1, bytes("v")], bytes("w"), 8, 0],
    [3, "k", [2, 9], bytes("w"), 0, 0],
    [4, "k", -7],
    [5, "k", bytes("")],
    [
      6,
      [
        [1, [1, "k", ""], 1, bytes("v")],
        [4, [2, "k", ""], 3, 9],
        [6, "l", 4],
        [7, 2],
      ],
      [[6, [], [], []]],
      [[7, [2, "", ""], "a", 1, 16]],
    ],
    [8, 5],
  ];
  for (const command of commands) assert.deepEqual(codecs.command.decode(codecs.command.encode(command)), command);
});

test("what is not a command is refused, field by field", () => {
  const broken: readonly unknown[] = [
    null,
    [],
    [0],
    [9, 1],
    [1, "k"],
    [1, 5, bytes(""), 0, 0],
    [1, "k", "text", 0, 0],
    [1, "k", bytes(""), -1, 0],
    [1, "k", bytes(""), 0, 0.5],
    [2, [4, "", ""], 0, 0],
    [3, "k", [3], null, 0, 0],
    [4, "k", 2 ** 53],
    [6, [[8]], [], []],
    [6, [[2, [1, "k", ""], 5, 0]], [], []],
    [6, [], [[8, 1]], []],
    [8, -1],
  ];
  for (const each of broken)
    assert.throws(() => codecs.command.decode(encodeCbor(each)), TypeError, JSON.stringify(each));
});

test("transactions nested deeper than any limit allows are refused before they are walked", () => {
  let deep: unknown = [6, [], [], []];
  for (let depth = 0; depth < 20; depth += 1) deep = [6, [], [deep], []];
  assert.throws(() => codecs.command.decode(encodeCbor(deep)), TypeError);
});
