import assert from "node:assert/strict";
import { test } from "node:test";
import { type MachineDefinition, recordImage, encodeCbor } from "@quorate/machine";
import { machineSuite } from "@quorate/machine/suite";
import { alarms, type AlarmShape } from "../log-of-machines.ts";

type Machine = ReturnType<typeof alarms.create>;
/** The state inside, to do harm to it. */
type Inside = Machine & { alarms: [string, number, number][]; rung: unknown[] };

/** A machine with one thing wrong: `harm` changes each new one, restored ones too. */
function planted(
  harm: (machine: Inside) => void,
  change: Partial<MachineDefinition<AlarmShape>> = {},
): MachineDefinition<AlarmShape> {
  const harmed = (machine: Machine): Machine => {
    harm(machine as Inside);
    return machine;
  };
  return {
    ...alarms,
    create: (neighbours) => harmed(alarms.create(neighbours)),
    restore(neighbours, version) {
      const restore = alarms.restore(neighbours, version);
      return { push: (chunk) => restore.push(chunk), end: () => harmed(restore.end()) };
    },
    ...change,
  };
}

/** The names of the checks that fail. */
function failures(definition: MachineDefinition<AlarmShape>): string[] {
  const checks = machineSuite<AlarmShape>(definition, {
    command: (random) => [`text ${Math.floor(random() * 5)}`, Math.floor(random() * 300)],
    query: (random) => `text ${Math.floor(random() * 5)}`,
    ...(watches(definition) ? { watch: () => null } : {}),
  });
  return checks
    .filter(({ run }) => {
      try {
        run();
        return false;
      } catch (error) {
        assert.match(String(error), /seed 1, run \d+/);
        return true;
      }
    })
    .map(({ name }) => name.slice("alarms: ".length));
}

function watches(definition: MachineDefinition<AlarmShape>): boolean {
  return definition.create({ holdsLock: () => false, sessionLives: () => true }).watch !== undefined;
}

test("a machine that does everything right passes", () => {
  assert.deepEqual(failures(planted(() => {})), []);
});

let impure = 0;
const wrong: readonly (readonly [what: string, caughtBy: string, definition: MachineDefinition<AlarmShape>])[] = [
  [
    "a result from a counter outside the machine",
    "the same steps give the same results and the same image",
    planted((machine) => {
      machine.apply = () => ++impure % 2 === 0;
    }),
  ],
  [
    "an image of the live state",
    "an image is unharmed by later steps",
    planted((machine) => {
      machine.image = () =>
        recordImage(
          (function* () {
            yield encodeCbor([machine.alarms, machine.rung]);
          })(),
        );
    }),
  ],
  [
    "an image whose chunks ignore the size asked for",
    "an image comes in chunks of at most the size asked for, and every size restores the same state",
    planted((machine) => {
      const { image } = machine;
      machine.image = () => {
        const inner = image.call(machine);
        return { next: () => inner.next(1 << 20), release: () => inner.release() };
      };
    }),
  ],
  [
    "a part of the state that is not in the image",
    "a restored machine goes on as the one it was taken from",
    planted((machine) => {
      let count = 0;
      machine.apply = () => ++count % 3 === 0;
    }),
  ],
  [
    "a throw in the middle of a change",
    "a throw changes nothing",
    planted((machine) => {
      const { apply } = machine;
      machine.apply = (command, at) => {
        const result = apply.call(machine, command, at);
        if (command[0] === "text 3") throw new Error("too late");
        return result;
      };
    }),
  ],
  [
    "an advance that rings before the time",
    "advance changes nothing before dueMs, and something once it is reached",
    planted((machine) => {
      machine.advance = (at) => void machine.rung.push([machine.alarms.shift()?.[0] ?? "", at.revision, at.logTimeMs]);
    }),
  ],
  [
    "a dueMs for which nothing happens",
    "advance changes nothing before dueMs, and something once it is reached",
    planted((machine) => {
      machine.advance = () => {};
    }),
  ],
  [
    "an end of a session that counts itself",
    "the end of a session is the end: told again, or of a session that owns nothing, it changes nothing",
    planted((machine) => {
      machine.sessionEnded = (session) => void machine.rung.push([`end ${session}`, 0, 0]);
    }),
  ],
  [
    "a query that forgets",
    "a query changes nothing, and a restored machine answers alike",
    planted((machine) => {
      machine.query = () => machine.rung.pop() !== undefined;
    }),
  ],
  [
    "a restore that takes an image that is cut",
    "a restore replaces: it leaves the live machine alone, and refuses an image that is cut",
    planted(() => {}, { restore: (neighbours) => ({ push: () => {}, end: () => alarms.create(neighbours) }) }),
  ],
  [
    "a step that keeps the reused object",
    "a restored machine goes on as the one it was taken from",
    planted((machine) => {
      const kept: { revision: number }[] = [];
      machine.apply = (_command, at) => {
        kept.push(at);
        return kept.length > 5 && kept[0]!.revision > 0;
      };
    }),
  ],
  [
    "a command that keeps the bytes it came from",
    "a decoded command encodes to the same bytes, and keeps nothing of those it came from",
    planted(() => {}, {
      codecs: {
        ...alarms.codecs,
        command: {
          encode: alarms.codecs.command.encode,
          decode: (bytes) => {
            const [text, afterMs] = alarms.codecs.command.decode(bytes);
            return {
              0: text,
              get 1() {
                return afterMs + (bytes[0] === 0xff ? 1 : 0);
              },
              length: 2,
              [Symbol.iterator]: () => [text, afterMs + (bytes[0] === 0xff ? 1 : 0)].values(),
            } as unknown as AlarmShape["command"];
          },
        },
      },
    }),
  ],
  [
    "a watcher that wakes nobody",
    "watching changes nothing, wakes before there is something to pull, and tells the same everywhere",
    planted((machine) => {
      machine.watch = () => {
        let told = 0;
        return {
          pull: () => machine.rung.slice(told, (told = machine.rung.length)).map((rung) => (rung as [string])[0]),
          close: () => {},
        };
      };
    }),
  ],
];

for (const [what, caughtBy, definition] of wrong) {
  test(`${what} is found`, () => {
    assert.ok(failures(definition).includes(caughtBy), `"${caughtBy}" let it pass`);
  });
}
