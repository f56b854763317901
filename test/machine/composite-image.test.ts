import assert from "node:assert/strict";
import { test } from "node:test";
import { compose, type Composite, encodeCbor, fromReducer, QuorateError } from "@quorate/machine";
import { alarms, imageBytes, LogOfMachines, notes, repliesOf, restored } from "./log-of-machines.ts";

/** A log with sessions, unreleased results of every kind, and something due. */
function busyLog(composite: Composite = compose([notes, alarms])): LogOfMachines {
  const log = new LogOfMachines(composite);
  const [a, b] = [log.open(5000), log.open(7000)];
  for (const number of [4, 2, 9]) log.note(a, number, `note ${number}`);
  log.note(a, 3, "boom");
  log.settle(a, 11, 10);
  log.call(b, 1, "alarms", encodeCbor(["ring", 3000]));
  log.call(b, 2, "nobody", encodeCbor("x"));
  log.nowMs = 100.25;
  log.renew(b, 3, 1);
  return log;
}

function refused(code: string, message: RegExp): (error: unknown) => boolean {
  return (error) => error instanceof QuorateError && error.code === code && message.test(error.message);
}

test("a restored composite has the same image, counters and due time, and goes on alike", () => {
  const log = busyLog();
  const twin = restored(log.composite);
  assert.deepEqual(imageBytes(twin.image()), imageBytes(log.composite.image()));
  const seen = ({ revision, logTimeMs, digest }: Composite): unknown => [revision, logTimeMs, digest];
  assert.deepEqual(seen(twin), seen(log.composite));
  assert.equal(twin.dueMs(), log.composite.dueMs());
  const other = new LogOfMachines(twin);
  for (const each of [log, other]) {
    each.nowMs = 3000;
    each.note(1, 12, "more", 4);
    each.pass(4000);
    each.pass(4000);
  }
  assert.deepEqual(seen(twin), seen(log.composite));
  assert.deepEqual(imageBytes(twin.image()), imageBytes(log.composite.image()));
});

test("the image is the same bytes, however it is cut", () => {
  const log = busyLog();
  const whole = imageBytes(log.composite.image(), 1 << 20);
  for (const bytesMax of [1, 7, 100]) assert.deepEqual(imageBytes(log.composite.image(), bytesMax), whole);
  for (const cut of [1, 13, whole.length]) {
    assert.deepEqual(imageBytes(restored(log.composite, whole, cut).image()), whole);
  }
});

test("equal states give equal bytes, however they were reached", () => {
  const forwards = new LogOfMachines(compose([notes, alarms]));
  const backwards = new LogOfMachines(compose([notes, alarms]));
  for (const [log, numbers] of [
    [forwards, [1, 2, 3, 4]],
    [backwards, [4, 3, 2, 1]],
  ] as const) {
    const session = log.open(5000);
    for (const number of numbers) log.settle(session, 10 + number, number);
  }
  // The same numbers are burnt, by requests that were applied in another order; releasing these leaves no difference but the digest.
  const sections = [forwards, backwards].map((log) => {
    log.renew(1, 100);
    return log;
  });
  const burnt = sections.map((log) => [1, 2, 3, 4].map((number) => log.note(1, number, "x").error));
  assert.deepEqual(burnt[0], burnt[1]);
  const images = sections.map((log) => {
    log.renew(1, 101, 100);
    (log.composite as { digest: number }).digest = 0;
    return imageBytes(log.composite.image());
  });
  assert.deepEqual(images[0], images[1]);
});

test("an image is unharmed by later steps, whether it was begun or not", () => {
  const log = busyLog();
  const expected = imageBytes(log.composite.image());
  const [begun, waiting] = [log.composite.image(), log.composite.image()];
  const first = begun.next(64)!;
  log.note(1, 12, "later", 9);
  log.renew(2, 4);
  log.close(1, 13);
  log.open(100);
  log.pass(50_000);
  assert.deepEqual(Buffer.concat([first, imageBytes(begun)]), expected);
  assert.deepEqual(imageBytes(waiting), expected);
});

test("an image that is released early lets go of the machines' images, once", () => {
  let released = 0;
  const counted: typeof notes = {
    ...notes,
    create(neighbours) {
      const machine = notes.create(neighbours);
      const { image } = machine;
      machine.image = () => {
        const inner = image.call(machine);
        return {
          next: (bytesMax) => inner.next(bytesMax),
          release: () => {
            released++;
            inner.release();
          },
        };
      };
      return machine;
    },
  };
  const { composite } = busyLog(compose([counted, alarms]));
  const image = composite.image();
  image.next(10);
  image.release();
  image.release();
  assert.equal(released, 1);
  assert.equal(image.next(10), null);
  imageBytes(composite.image());
  assert.equal(released, 2);
});

test("a restore replaces and merges nothing, and leaves the live composite alone", () => {
  const log = busyLog();
  const image = imageBytes(log.composite.image());
  log.note(1, 12, "only in the live one");
  const live = imageBytes(log.composite.image());
  const twin = restored(log.composite, image);
  assert.deepEqual(imageBytes(twin.image()), image);
  repliesOf(twin, new LogOfMachines(compose([])).batches[0] ?? log.batches[0]!);
  assert.deepEqual(imageBytes(log.composite.image()), live);
});

test("an image cut anywhere is refused", () => {
  const { composite } = busyLog();
  const image = imageBytes(composite.image());
  for (let length = 0; length < image.length; length++) {
    assert.throws(() => restored(composite, image.subarray(0, length)), refused("LOG_CORRUPT", /image/));
  }
});

test("an image with more behind its end, or another one behind it, is refused", () => {
  const { composite } = busyLog();
  const image = imageBytes(composite.image());
  assert.throws(
    () => restored(composite, Buffer.concat([image, image])),
    refused("LOG_CORRUPT", /follows its last machine/),
  );
});

test("a changed byte never makes this program fail in another way than by a refusal", () => {
  const { composite } = busyLog();
  const image = imageBytes(composite.image());
  let refusals = 0;
  for (let place = 0; place < image.length; place++) {
    const damaged = Buffer.from(image);
    damaged[place]! ^= 0x41;
    try {
      restored(composite, damaged);
    } catch (error) {
      assert.ok(error instanceof QuorateError, `byte ${place}: ${String(error)}`);
      refusals++;
    }
  }
  assert.ok(refusals > image.length / 2, "most of an image is structure; checksums of the rest are the snapshot's");
});

test("an image with a machine that is not known here is refused by name", () => {
  const { composite } = busyLog();
  const image = imageBytes(composite.image());
  assert.throws(
    () => restored(compose([notes]), image),
    refused("UNKNOWN_MACHINE", /machine "alarms", which this node does not have/),
  );
});

test("an image of a newer version is refused, with both versions", () => {
  const { composite } = busyLog();
  const image = imageBytes(composite.image());
  const older = compose([notes, { ...alarms, version: 1 }]);
  assert.throws(
    () => restored(older, image),
    refused("LOG_NEWER", /"alarms" is of version 2, this node knows it up to 1/),
  );
});

test("an image of an older version is given to the machine with its version", () => {
  const { composite } = busyLog();
  const image = imageBytes(composite.image());
  const versions: number[] = [];
  const newer: typeof alarms = {
    ...alarms,
    version: 3,
    restore(neighbours, version) {
      versions.push(version);
      return alarms.restore(neighbours, version);
    },
  };
  restored(compose([notes, newer]), image);
  assert.deepEqual(versions, [2]);
});

test("a machine that an image does not know yet begins anew", () => {
  const { composite } = busyLog();
  const image = imageBytes(composite.image());
  const counter = fromReducer<number, number, number>({
    name: "counter",
    version: 1,
    initial: 7,
    apply: (count) => [count, count],
  });
  const grown = restored(compose([counter, notes, alarms]), image);
  assert.deepEqual(grown.query("counter", encodeCbor(null)), encodeCbor(7));
  assert.deepEqual(grown.query("notes", encodeCbor(null)), composite.query("notes", encodeCbor(null)));
});

test("an image made under other limits of sessions is refused: they decide what the log does", () => {
  const { composite } = busyLog();
  const image = imageBytes(composite.image());
  const other = compose([notes, alarms], { limits: { resultsMax: 10 } });
  assert.throws(() => restored(other, image), refused("BAD_OPTION", /other limits of sessions/));
});

test("an image of a newer format is refused as such", () => {
  const { composite } = busyLog();
  const head = encodeCbor([2, "whatever", "comes"]);
  const length = Buffer.alloc(4);
  length.writeUInt32LE(head.length);
  assert.throws(
    () => restored(composite, Buffer.concat([length, head])),
    refused("LOG_NEWER", /format 2, this node knows formats up to 1/),
  );
});
