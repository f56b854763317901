import { KV_NAME, kvMachine, type KvShape } from "@quorate/kv";
import type { BatchCommand, Composite, Reply } from "@quorate/machine";
import type { Entry } from "@quorate/paxos";
import { PlainStore } from "../ghost/plain-store.ts";
import { BEFORE_COMMANDS, type GhostSessions } from "../ghost/sessions.ts";
import type { Settled } from "../ghost/step-outcomes.ts";
import { commandsOf } from "../ghost/value.ts";
import { Checker } from "./checker.ts";
import { WatchJudge, type Watched } from "./watch.ts";

type StatusAnswer = Extract<KvShape["answer"], { readonly 0: 3 }>;

const EVERYTHING = [2, "", ""] as const;

/** Whether a lock is held under a token: what a transaction may compare. */
const COMPARE_LOCK = 6;
const { command: commands, result: results, query: queries, answer: answers } = kvMachine().codecs;

/** D6 and J6: what the commands of the log do to the keys, computed once more; what clients are shown of them; and J4 by it. */
export class StoreChecker extends Checker {
  readonly #sessions: GhostSessions;
  readonly #store = new PlainStore();
  /** The highest token that a write under each lock bore. */
  readonly #fences = new Map<string, number>();
  #appliedTo = 0;
  /** After the slot that was applied last. */
  #revision = 0;

  constructor(sessions: GhostSessions, ...base: ConstructorParameters<typeof Checker>) {
    super(...base);
    this.#sessions = sessions;
  }

  override applied(node: number, entry: Entry, counted: boolean, composite: Composite): void {
    if (entry.slot <= this.#appliedTo) return;
    this.#appliedTo = entry.slot;
    const revisionBefore = this.#revision;
    this.#revision = composite.revision;
    if (!counted || entry.kind !== "batch") return;
    const { logTimeMs } = composite;
    // Where time has something to do, it takes the first revision.
    this.#store.pass(this.#sessions.endedBy(BEFORE_COMMANDS), logTimeMs, revisionBefore + 1);
    let revision = revisionBefore;
    const step = this.ghost.step.all;
    for (const [index, command] of commandsOf(entry.bytes).entries()) {
      const settled = step[index]!;
      if (settled.isNew) revision = settled.settlement.revision;
      this.#carryOut(`slot ${entry.slot}, at node ${node}`, index, command, settled, logTimeMs);
      const ended = this.#sessions.endedBy(index);
      if (ended.length > 0) this.#store.pass(ended, NO_TIME_MS, revision);
    }
  }

  #carryOut(where: string, index: number, sent: BatchCommand, { settlement, isNew }: Settled, logTimeMs: number): void {
    if (sent.machine !== KV_NAME || !isNew || settlement.error !== "") return;
    const { revision } = settlement;
    const { session } = sent.request;
    const lives = (id: number): boolean => this.#sessions.livedAt(id, index);
    const told = results.decode(settlement.bytes);
    const command = commands.decode(sent.command);
    const is = this.#store.apply(command, { revision, logTimeMs, session, lives, told });
    this.#isFenced(where, command, told);
    if (sameBytes(results.encode(is), settlement.bytes)) return;
    const both = `the store answers ${show(told)}, and a plain one ${show(is)}`;
    this.report("D6", `in ${where}, command ${session}:${sent.request.number}, revision ${revision}: ${both}`);
  }

  /** I2, as a resource in the same log has it: who writes under a lock writes under no lower token than anybody before. */
  #isFenced(where: string, command: ReturnType<typeof commands.decode>, told: ReturnType<typeof results.decode>): void {
    if (command[0] !== 6 || told[0] !== 6 || !told[1]) return;
    for (const compare of command[1]) {
      if (compare[0] !== COMPARE_LOCK) continue;
      const [, lock, token] = compare;
      const highest = this.#fences.get(lock) ?? 0;
      if (token < highest) this.report("I2", `in ${where}, ${lock} lets token ${token} write, after token ${highest}`);
      this.#fences.set(lock, Math.max(token, highest));
    }
  }

  /** J6: a client was shown what a query found. */
  shown(who: string, query: Uint8Array, { revision, bytes }: Reply): void {
    const told = answers.decode(bytes);
    const is = told[0] === 3 ? this.#status(told, revision) : this.#store.query(queries.decode(query), revision);
    if (is === null || told[0] === 0 || sameBytes(answers.encode(is), bytes)) return;
    const both = `${show(told)} at revision ${revision}; the log left ${show(is)}`;
    this.report("J6", `${who} is shown, for ${show(queries.decode(query))}, ${both}`);
  }

  /** What a status must say of keys; its bounds and sizes are the store's own. */
  #status([kind, , bytes, , ...own]: StatusAnswer, revision: number): StatusAnswer {
    const { all } = this.#store.changes;
    const last = all[this.#store.changes.after(revision) - 1]?.revision ?? 0;
    return [kind, this.#store.at(revision, EVERYTHING).length, bytes, last, ...own];
  }

  /**
   * A watch begins.
   *
   * @param who - for reports.
   * @param toldTo - everything above this revision is to be told.
   * @param of - what is watched. Default: all keys.
   */
  watch(who: string, toldTo: number, of: Watched = {}): WatchJudge {
    return new WatchJudge(this.report, this.#store, who, toldTo, of);
  }
}

/** Before everything: nothing expires. */
const NO_TIME_MS = 0;

function sameBytes(one: Uint8Array, other: Uint8Array): boolean {
  return one.length === other.length && one.every((byte, index) => byte === other[index]);
}

function show(tuple: readonly unknown[]): string {
  return JSON.stringify(tuple, (_key, value: unknown) =>
    value instanceof Uint8Array ? new TextDecoder().decode(value.subarray(0, 40)) : value,
  );
}
