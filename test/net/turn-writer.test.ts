import assert from "node:assert/strict";
import { test } from "node:test";
import type { Clock } from "@quorate/machine";
import { createTurnWriter, type TurnWriter } from "../../packages/net/src/turn-writer.ts";

interface World {
  readonly writer: TurnWriter<number>;
  readonly sent: number[][];
  readonly shed: number[];
  queuedBytes: number;
  endTurn(): void;
}

function world(queueBytesMax = 100): World {
  const turn: (() => void)[] = [];
  const clock: Clock = {
    nowMs: () => 0,
    wallMs: () => 0,
    after: () => () => undefined,
    endOfTurn: (run) => void turn.push(run),
  };
  const sent: number[][] = [];
  const shed: number[] = [];
  const made: World = {
    writer: createTurnWriter<number>({
      clock,
      socket: {
        send: (message) => sent.push([...message]),
        get queuedBytes() {
          return made.queuedBytes;
        },
        ping: () => undefined,
        close: () => undefined,
        terminate: () => undefined,
      },
      encode: (frames) => Uint8Array.from(frames),
      messageBytesMax: 4,
      queueBytesMax,
      shed: (bytes) => shed.push(bytes),
    }),
    sent,
    shed,
    queuedBytes: 0,
    endTurn: () => {
      for (const run of turn.splice(0)) run();
    },
  };
  return made;
}

test("all frames of a turn leave as one message at its end", () => {
  const { writer, sent, endTurn } = world();
  writer.write(1);
  writer.write(2);
  assert.deepEqual(sent, []);
  endTurn();
  writer.write(3);
  endTurn();
  endTurn();
  assert.deepEqual(sent, [[1, 2], [3]]);
});

test("a turn that says more than fits one message leaves as several, in order", () => {
  const { writer, sent, endTurn } = world();
  for (let frame = 1; frame <= 9; frame++) writer.write(frame);
  endTurn();
  assert.deepEqual(sent.flat(), [1, 2, 3, 4, 5, 6, 7, 8, 9]);
  assert.ok(sent.every((message) => message.length <= 4));
});

test("who takes too little is shed once, and sent nothing more", () => {
  const w = world(100);
  w.queuedBytes = 100;
  w.writer.write(1);
  w.endTurn();
  assert.deepEqual(w.sent, [[1]]);
  w.queuedBytes = 101;
  w.writer.write(2);
  w.endTurn();
  w.queuedBytes = 0;
  w.writer.write(3);
  w.endTurn();
  assert.deepEqual(w.sent, [[1]]);
  assert.deepEqual(w.shed, [101]);
});

test("what was written is flushed at once on demand, and dropped after close", () => {
  const { writer, sent, endTurn } = world();
  writer.write(1);
  writer.flush();
  assert.deepEqual(sent, [[1]]);
  writer.write(2);
  writer.close();
  endTurn();
  assert.deepEqual(sent, [[1]]);
});
