import assert from "node:assert/strict";
import { test } from "node:test";
import { readJepsen } from "../../../packages/check/src/formats/jepsen.ts";
import { refused } from "./refused.ts";

const line = (rest: string): string => `INFO  jepsen.util - ${rest}`;

test("a log of Jepsen is read line by line, whatever white space parts it", () => {
  const { operations, events } = readJepsen(
    [
      line("0\t:invoke\t:write\t3"),
      line("1   :invoke   :cas   [1 2]"),
      line(":nemesis :info :start nil"),
      line("0\t:ok\t:write\t3"),
      line("1\t:fail\t:cas\t[1 2]"),
      "",
      line("0\t:invoke\t:read\tnil"),
      line("1\t:invoke\t:write\t4"),
      line("1\t:info\t:write\t:timed-out"),
      line("0\t:fail\t:read\t:timed-out"),
    ].join("\n"),
  );
  assert.equal(events, 7);
  assert.deepEqual(
    operations.map((each) => [each.f, each.argument, each.outcome, each.invokedLine, each.returnedLine]),
    [
      ["write", 3, "ok", 1, 4],
      ["cas", [1, 2], "fail", 2, 5],
      ["read", null, "not-applied", 7, 10],
      ["write", 4, "unknown", 8, 0],
    ],
  );
});

test("a line that cannot be read is named, with what was expected", () => {
  const read = (rest: string) => () => readJepsen(`\n${rest}`);
  refused(
    read("WARN what"),
    "BAD_FORMAT",
    2,
    /line 2: expected a line that begins with INFO jepsen.util -, found WARN what/,
  );
  refused(read(line("x :ok :read 1")), "BAD_FORMAT", 2, /expected <process> :<type> :<f> <value>/);
  refused(read(line("0 :done :read 1")), "BAD_FORMAT", 2, /expected a type :invoke, :ok, :fail or :info/);
  refused(read(line("0 :invoke :append 1")), "BAD_FORMAT", 2, /expected :read, :write or :cas/);
  refused(read(line("0 :invoke :cas 1")), "BAD_FORMAT", 2, /expected \[from to\]/);
  refused(read(line("0 :invoke :write nil")), "BAD_FORMAT", 2, /expected a whole number/);
  refused(read(line("0 :ok :read 1")), "BAD_HISTORY", 2, /ends a read that it never called/);
});
