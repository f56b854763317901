import type { Codec } from "../codec.ts";
import type { Image, MachineDefinition, Neighbours, Shape, StateMachine } from "../state-machine.ts";
import { keyedRandom, makeScript, type ScriptStep } from "./script.ts";

/** One thing that must be true of every machine. */
export interface MachineCheck {
  /** A sentence that says what must be true. */
  readonly name: string;
  /** Throws `Error` with the seed and the step if it is not. */
  run(): void;
}

/** What the suite cannot know of a machine. `random` gives numbers from 0 to less than 1; nothing else may decide. */
export interface MachineSuiteOptions<S extends Shape> {
  /** Any command that a client can send; those that make the machine throw included. Few distinct keys make for more encounters. */
  command(random: () => number): S["command"];
  /** Default: queries are not checked. */
  readonly query?: (random: () => number) => S["query"];
  /** Default: watches are not checked. */
  readonly watch?: (random: () => number) => S["watch"];
  /** Default 1. */
  readonly seed?: number;
  /** Scripts per check; default 12. */
  readonly runs?: number;
  /** Steps per script; default 60. */
  readonly steps?: number;
}

/** The chunk size with which images are compared. */
const COMPARED_BYTES = 4096;
const CHUNK_SIZES: readonly number[] = [64, 1000, 1 << 20];
/** More chunks than this, of one image of a small state, is an image that does not end. */
const CHUNKS_MAX = 100_000;
const PULLS_MAX = 10_000;

/**
 * The acceptance suite that every machine must pass: deterministic, a canonical image that later steps do not harm, a restore that goes on
 * alike, a throw that changes nothing, and time, sessions, queries and watches as `StateMachine` says. Free of any test runner:
 *
 * ```ts
 * for (const { name, run } of machineSuite(definition, { command })) test(name, run);
 * ```
 */
export function machineSuite<S extends Shape>(
  definition: MachineDefinition<S>,
  options: MachineSuiteOptions<S>,
): readonly MachineCheck[] {
  const { seed = 1, runs = 12, steps = 60 } = options;

  /** Runs `body` over several scripts, and says which one failed. */
  function check(
    name: string,
    body: (subject: Subject<S>, script: readonly ScriptStep[], random: () => number) => void,
  ): MachineCheck {
    return {
      name: `${definition.name}: ${name}`,
      run() {
        for (let index = 0; index < runs; index++) {
          const random = keyedRandom(seed, index);
          const script = makeScript(random, steps, () => definition.codecs.command.encode(options.command(random)));
          try {
            body(new Subject(definition), script, random);
          } catch (cause) {
            throw new Error(`${name}: not so (seed ${seed}, run ${index}): ${String(cause)}`, { cause });
          }
        }
      },
    };
  }

  const checks = [
    check(
      "a decoded command encodes to the same bytes, and keeps nothing of those it came from",
      (_subject, script) => {
        for (const { command } of script) {
          const source = command.slice();
          const decoded = definition.codecs.command.decode(source);
          source.fill(0xff);
          same(hex(definition.codecs.command.encode(decoded)), hex(command), "the command encoded again");
        }
      },
    ),

    check("the same steps give the same results and the same image", (subject, script) => {
      const twin = new Subject(definition);
      for (const step of script)
        same(subject.step(step), twin.step(step), `the result at revision ${subject.revision}`);
      same(imageHex(subject.machine), imageHex(twin.machine), "the image");
    }),

    check(
      "an image comes in chunks of at most the size asked for, and every size restores the same state",
      (subject, script) => {
        for (const step of script) subject.step(step);
        const whole = imageHex(subject.machine);
        for (const bytesMax of CHUNK_SIZES) {
          const restored = subject.restored(chunksOf(subject.machine.image(), bytesMax));
          same(imageHex(restored.machine), whole, `the image of what was restored from chunks of ${bytesMax} bytes`);
        }
      },
    ),

    check("a restored machine goes on as the one it was taken from", (subject, script, random) => {
      const cut = Math.floor(random() * script.length);
      for (const step of script.slice(0, cut)) subject.step(step);
      const restored = subject.restored(chunksOf(subject.machine.image(), COMPARED_BYTES));
      for (const step of script.slice(cut)) {
        same(
          restored.machine.dueMs?.() ?? Infinity,
          subject.machine.dueMs?.() ?? Infinity,
          `dueMs at revision ${subject.revision}`,
        );
        same(restored.step(step), subject.step(step), `the result at revision ${subject.revision}`);
      }
      same(imageHex(restored.machine), imageHex(subject.machine), "the image at the end");
    }),

    check("an image is unharmed by later steps", (subject, script, random) => {
      const cut = Math.floor(random() * script.length);
      for (const step of script.slice(0, cut)) subject.step(step);
      const expected = chunksOf(subject.machine.image(), CHUNK_SIZES[0]!);
      const late = subject.machine.image();
      const early = subject.machine.image();
      const first = early.next(CHUNK_SIZES[0]!);
      const begun = first === null ? [] : [first.slice()];
      for (const step of script.slice(cut)) subject.step(step);
      same(
        hexOf([...begun, ...chunksOf(early, CHUNK_SIZES[0]!)]),
        hexOf(expected),
        "an image read in the middle of steps",
      );
      same(hexOf(chunksOf(late, CHUNK_SIZES[0]!)), hexOf(expected), "an image read after steps");
    }),

    check("an image that was released early does no harm", (subject, script) => {
      const twin = new Subject(definition);
      for (const step of script) {
        const image = subject.machine.image();
        image.next(CHUNK_SIZES[0]!);
        image.release();
        image.release();
        same(subject.step(step), twin.step(step), `the result at revision ${subject.revision}`);
      }
      same(imageHex(subject.machine), imageHex(twin.machine), "the image");
    }),

    check(
      "a restore replaces: it leaves the live machine alone, and refuses an image that is cut",
      (subject, script) => {
        for (const step of script) subject.step(step);
        const before = imageHex(subject.machine);
        const chunks = chunksOf(subject.machine.image(), COMPARED_BYTES);
        const restored = subject.restored(chunks);
        for (const step of script) restored.step({ ...step, afterMs: 0 });
        same(imageHex(subject.machine), before, "the image of the live machine");
        const last = chunks.at(-1);
        if (last === undefined) return;
        const cut = [...chunks.slice(0, -1), last.subarray(0, last.length - 1)].filter((chunk) => chunk.length > 0);
        throws(() => subject.restored(cut), "an image without its last byte was restored");
      },
    ),

    check("a throw changes nothing", (subject, script) => {
      for (const step of script) {
        subject.passTime(step);
        const before = imageHex(subject.machine);
        if (subject.act(step) === THREW)
          same(imageHex(subject.machine), before, `the image after a throw at revision ${subject.revision}`);
      }
    }),

    check("advance changes nothing before dueMs, and something once it is reached", (subject, script, random) => {
      for (const step of script) {
        subject.step(step);
        const { machine } = subject;
        const dueMs = machine.dueMs?.() ?? Infinity;
        if (dueMs === Infinity) continue;
        if (Number.isNaN(dueMs)) throw new Error("dueMs is not a number");
        if (machine.advance === undefined) throw new Error("the machine has a dueMs, but no advance");
        const before = imageHex(machine);
        if (dueMs > subject.logTimeMs) {
          subject.advance();
          same(imageHex(machine), before, `the image after an advance at ${subject.logTimeMs}, before ${dueMs}`);
        }
        if (random() < 0.5) continue;
        subject.logTimeMs = Math.max(dueMs, subject.logTimeMs);
        subject.advance();
        if (imageHex(machine) === before)
          throw new Error(`advance at ${subject.logTimeMs} changed nothing, though dueMs was ${dueMs}`);
      }
    }),

    check(
      "the end of a session is the end: told again, or of a session that owns nothing, it changes nothing",
      (subject, script) => {
        for (const step of script) subject.step(step);
        subject.sessionEnded(Number.MAX_SAFE_INTEGER, `a session that never was`);
        for (const session of new Set(script.map((step) => step.session))) {
          subject.live.delete(session);
          subject.revision++;
          subject.machine.sessionEnded?.(session, subject.at(0));
          subject.sessionEnded(session, `session ${session}, told again`);
        }
      },
    ),
  ];

  const { query, watch } = options;
  if (query !== undefined) {
    checks.push(
      check("a query changes nothing, and a restored machine answers alike", (subject, script, random) => {
        const { codecs } = definition;
        const ask = (machine: StateMachine<S>, bytes: Uint8Array): string =>
          orThrew(() => hex(codecs.answer.encode(machine.query!(codecs.query.decode(bytes)))));
        for (const step of script) {
          subject.step(step);
          const bytes = codecs.query.encode(query(random));
          const before = imageHex(subject.machine);
          const answer = ask(subject.machine, bytes);
          same(imageHex(subject.machine), before, "the image after a query");
          const restored = subject.restored(chunksOf(subject.machine.image(), COMPARED_BYTES));
          same(ask(restored.machine, bytes), answer, `the answer at revision ${subject.revision}`);
        }
      }),
    );
  }
  if (watch !== undefined) {
    checks.push(
      check(
        "watching changes nothing, wakes before there is something to pull, and tells the same everywhere",
        (subject, script, random) => {
          const requests = [
            definition.codecs.watch.encode(watch(random)),
            definition.codecs.watch.encode(watch(random)),
          ];
          const twin = new Subject(definition);
          const unwatched = new Subject(definition);
          const watchers = requests.map((bytes) => new WatchedPair(subject, twin, definition, bytes));
          for (const step of script) {
            const result = unwatched.step(step);
            same(subject.step(step), result, `the result at revision ${subject.revision}`);
            same(twin.step(step), result, `the result at revision ${subject.revision}`);
            for (const watcher of watchers) watcher.compare();
          }
          for (const watcher of watchers) watcher.close();
          same(imageHex(subject.machine), imageHex(unwatched.machine), "the image");
        },
      ),
    );
  }
  return checks;
}

const THREW = "threw";

/** A machine, and the part of a log that drives it. */
class Subject<S extends Shape> implements Neighbours {
  readonly live: Set<number> = new Set();
  machine: StateMachine<S>;
  revision = 0;
  logTimeMs = 0;
  private readonly definition: MachineDefinition<S>;
  private readonly reusedAt = { revision: 0, logTimeMs: 0, session: 0 };

  constructor(definition: MachineDefinition<S>) {
    this.definition = definition;
    this.machine = definition.create(this);
  }

  holdsLock(): boolean {
    return false;
  }

  sessionLives(session: number): boolean {
    return this.live.has(session);
  }

  step(step: ScriptStep): string {
    this.passTime(step);
    return this.act(step);
  }

  passTime(step: ScriptStep): void {
    this.logTimeMs += step.afterMs;
    if ((this.machine.dueMs?.() ?? Infinity) <= this.logTimeMs) this.advance();
  }

  advance(): void {
    this.revision++;
    this.machine.advance?.(this.at(0));
    this.spoilAt();
  }

  /** The result in hexadecimal, or that it threw. */
  act({ kind, session, command }: ScriptStep): string {
    this.revision++;
    if (kind === "end") {
      this.live.delete(session);
      this.machine.sessionEnded?.(session, this.at(0));
      this.spoilAt();
      return "";
    }
    this.live.add(session);
    const { codecs } = this.definition;
    const source = command.slice();
    const result = orThrew(() => {
      const decoded = codecs.command.decode(source);
      // From here on the source belongs to somebody else.
      source.fill(0xff);
      return hex(codecs.result.encode(this.machine.apply(decoded, this.at(session))));
    });
    this.spoilAt();
    return result;
  }

  sessionEnded(session: number, what: string): void {
    const before = imageHex(this.machine);
    this.revision++;
    this.machine.sessionEnded?.(session, this.at(0));
    same(imageHex(this.machine), before, `the image after the end of ${what}`);
  }

  restored(chunks: readonly Uint8Array[]): Subject<S> {
    const subject = new Subject(this.definition);
    for (const session of this.live) subject.live.add(session);
    const restore = this.definition.restore(subject, this.definition.version);
    for (const chunk of chunks) restore.push(chunk.slice());
    subject.machine = restore.end();
    subject.revision = this.revision;
    subject.logTimeMs = this.logTimeMs;
    return subject;
  }

  /** The one object that is reused, as in a log. */
  at(session: number): { revision: number; logTimeMs: number; session: number } {
    const at = this.reusedAt;
    at.revision = this.revision;
    at.logTimeMs = this.logTimeMs;
    at.session = session;
    return at;
  }

  /** Whoever kept it has kept nonsense. */
  private spoilAt(): void {
    const at = this.reusedAt;
    at.revision = -1;
    at.logTimeMs = -1;
    at.session = -1;
  }
}

/** One watch, at a machine and at its twin. */
class WatchedPair<S extends Shape> {
  private readonly sides: readonly { pull(): readonly S["event"][]; close(): void; woken: boolean }[];
  private readonly event: Codec<S["event"]>;

  constructor(subject: Subject<S>, twin: Subject<S>, definition: MachineDefinition<S>, request: Uint8Array) {
    this.event = definition.codecs.event;
    this.sides = [subject, twin].map(({ machine }) => {
      const side = {
        pull: (): readonly S["event"][] => watcher.pull(COMPARED_BYTES),
        close: () => watcher.close(),
        woken: true,
      };
      const watcher = machine.watch!(definition.codecs.watch.decode(request.slice()), () => {
        side.woken = true;
      });
      return side;
    });
  }

  compare(): void {
    const [mine, others] = this.sides.map((side) => {
      const events: string[] = [];
      for (let pulls = 0; ; pulls++) {
        if (pulls > PULLS_MAX) throw new Error("a watcher gives events without end");
        const pulled = side.pull();
        if (pulled.length === 0) break;
        if (!side.woken) throw new Error("a watcher had events, but did not wake anybody: they would have been missed");
        for (const event of pulled) events.push(hex(this.event.encode(event)));
      }
      side.woken = false;
      return events.join(" ");
    });
    same(mine, others, "the events");
  }

  close(): void {
    for (const side of this.sides) side.close();
  }
}

function orThrew(run: () => string): string {
  try {
    return run();
  } catch {
    // What was thrown may differ between engines; that it was thrown may not.
    return THREW;
  }
}

function chunksOf(image: Image, bytesMax: number): Uint8Array[] {
  const chunks: Uint8Array[] = [];
  for (let chunk = image.next(bytesMax); chunk !== null; chunk = image.next(bytesMax)) {
    if (chunk.length < 1 || chunk.length > bytesMax)
      throw new Error(`a chunk has ${chunk.length} bytes where ${bytesMax} were allowed`);
    chunks.push(chunk.slice());
    if (chunks.length > CHUNKS_MAX) throw new Error("an image does not end");
  }
  image.release();
  return chunks;
}

function imageHex<S extends Shape>(machine: StateMachine<S>): string {
  return hexOf(chunksOf(machine.image(), COMPARED_BYTES));
}

function hexOf(chunks: readonly Uint8Array[]): string {
  return chunks.map(hex).join("|");
}

function hex(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += byte.toString(16).padStart(2, "0");
  return text;
}

function same(actual: unknown, expected: unknown, what: string): void {
  if (!Object.is(actual, expected)) throw new Error(`${what} is ${shortened(actual)}, not ${shortened(expected)}`);
}

function shortened(value: unknown): string {
  const text = String(value);
  return text.length > 200 ? `${text.slice(0, 200)}… (${text.length} characters)` : text;
}

function throws(run: () => void, otherwise: string): void {
  try {
    run();
  } catch {
    // Whatever it says, it refused.
    return;
  }
  throw new Error(otherwise);
}
