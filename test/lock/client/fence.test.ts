import assert from "node:assert/strict";
import { test } from "node:test";
import { Fence } from "@quorate/lock";
import { settled } from "../log-of-one.ts";

test("a fence lets equal and higher tokens in and refuses lower ones without running the write", async () => {
  const fence = new Fence();
  const written: string[] = [];
  await fence.run(5, () => written.push("five"));
  await fence.run(5, () => written.push("five again"));
  await fence.run(9, () => written.push("nine"));
  await assert.rejects(
    fence.run(8, () => written.push("eight")),
    { code: "FENCED", outcome: "not-applied" },
  );
  assert.deepEqual([written, fence.highestToken], [["five", "five again", "nine"], 9]);
});

test("a token is stored before anything is written under it, and once", async () => {
  const events: string[] = [];
  const fence = new Fence({ highestToken: 3, persist: async (token) => void events.push(`store ${token}`) });
  await fence.run(3, () => events.push("write 3"));
  await fence.run(4, () => events.push("write 4"));
  await fence.run(4, () => events.push("write 4"));
  assert.deepEqual(events, ["write 3", "store 4", "write 4", "write 4"]);
});

test("if a token cannot be stored nothing is written under it, and lower ones stay out", async () => {
  let broken = true;
  const fence = new Fence({ persist: () => (broken ? Promise.reject(new Error("disk")) : Promise.resolve()) });
  await assert.rejects(
    fence.run(4, () => assert.fail("written")),
    { message: "disk" },
  );
  await assert.rejects(
    fence.run(3, () => assert.fail("written")),
    { code: "FENCED" },
  );
  broken = false;
  assert.equal(await fence.run(4, () => "written"), "written");
});

test("a write under a lower token that still waits when a higher one comes is refused, and one at work ends first", async () => {
  const fence = new Fence();
  const events: string[] = [];
  let finish: () => void = () => {};
  const first = fence.run(1, async () => {
    events.push("1 begins");
    await new Promise<void>((resolve) => (finish = resolve));
    events.push("1 ends");
  });
  await settled();
  const second = assert.rejects(
    fence.run(1, () => events.push("1 again")),
    { code: "FENCED" },
  );
  const third = fence.run(2, () => events.push("2"));
  await settled();
  assert.deepEqual(events, ["1 begins"]);
  finish();
  await Promise.all([first, second, third]);
  assert.deepEqual(events, ["1 begins", "1 ends", "2"]);
});

test("a higher token that comes while one is being stored keeps the write under it out", async () => {
  let stored: () => void = () => {};
  const fence = new Fence({ persist: () => new Promise((resolve) => (stored = resolve)) });
  const first = assert.rejects(
    fence.run(1, () => assert.fail("written")),
    { code: "FENCED" },
  );
  await settled();
  const second = fence.run(2, () => "two");
  stored();
  await first;
  await settled();
  stored();
  assert.equal(await second, "two");
});

test("what is no token is refused", async () => {
  await assert.rejects(
    new Fence().run(0, () => assert.fail("written")),
    { code: "BAD_OPTION" },
  );
  assert.throws(() => new Fence({ highestToken: -1 }), { code: "BAD_OPTION" });
});
