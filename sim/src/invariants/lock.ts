import { commandsOf } from "../ghost/value.ts";
import { type DescribedClaim, type DescribedLock, LOCK_MACHINE, lockMachine } from "@quorate/lock";
import { type Composite, type Reply, SESSION_MACHINE } from "@quorate/machine";
import type { Entry } from "@quorate/paxos";
import { LockPast } from "../ghost/lock-past.ts";
import type { GhostSessions } from "../ghost/sessions.ts";
import type { Settled } from "../ghost/step-outcomes.ts";
import { Checker } from "./checker.ts";
import { ElectionJudge } from "./election.ts";

const { command: commandCodec, query: queries, answer: answers } = lockMachine.codecs;
const LOCKS_MAX = 100;
const LIST = queries.encode({ kind: "list", prefix: "", after: "", limit: LOCKS_MAX });

/** I1 to I5 in the log: who has a lock after each step, who waits, and in which order; and J7. What clients believe stands with the believers. */
export class LockChecker extends Checker {
  readonly #sessions: GhostSessions;
  readonly #past = new LockPast();
  #appliedTo = 0;
  /** Log time at which something changes by itself. */
  #dueMs = Infinity;
  /** As they were looked at last. */
  #queues = new Map<string, readonly string[]>();
  #grants = new Set<string>();
  readonly #tokens = new Map<string, { any: number; exclusive: number }>();

  constructor(sessions: GhostSessions, ...base: ConstructorParameters<typeof Checker>) {
    super(...base);
    this.#sessions = sessions;
  }

  override applied(node: number, entry: Entry, counted: boolean, composite: Composite): void {
    if (entry.slot <= this.#appliedTo) return;
    this.#appliedTo = entry.slot;
    if (!counted || entry.kind !== "batch") return;
    const isDue = composite.logTimeMs >= this.#dueMs;
    this.#dueMs = composite.dueMs();
    if (!isDue && !concernsLocks(entry)) return;
    this.#carryOut(entry, this.ghost.step.all, composite.logTimeMs);
    const answer = answers.decode(composite.query(LOCK_MACHINE, LIST));
    if (answer.kind !== "list") return;
    const { locks } = answer;
    this.#past.ended(composite.revision, locks);
    const grants = new Set<string>();
    for (const lock of locks) {
      const where = `after slot ${entry.slot}, at node ${node}, ${lock.name}`;
      this.#fits(where, lock);
      for (const holder of lock.occupants) {
        const grant = `${lock.name} ${nameOf(holder)} ${holder.token}`;
        grants.add(grant);
        if (!this.#grants.has(grant)) this.#isGranted(where, lock, holder);
      }
    }
    for (const lock of locks) this.#givesOn(`after slot ${entry.slot}, at node ${node}`, lock, locks);
    this.#grants = grants;
    this.#queues = new Map(locks.map((lock) => [lock.name, lock.waiters.map(nameOf)]));
  }

  #carryOut(entry: Entry, step: readonly Settled[], logTimeMs: number): void {
    for (const [index, { machine, request, command }] of commandsOf(entry.bytes).entries()) {
      const { settlement, isNew } = step[index]!;
      if (machine !== LOCK_MACHINE || !isNew || settlement.error !== "") continue;
      const { bytes, revision } = settlement;
      this.#past.carriedOut(commandCodec.decode(command), request.session, bytes, revision, logTimeMs);
    }
  }

  /** J7: a client was shown what a query found. */
  shown(who: string, query: Uint8Array, { revision, bytes }: Reply): void {
    const is = this.#past.answer(queries.decode(query), revision);
    if (is === null || sameBytes(answers.encode(is), bytes)) return;
    const both = `${show(answers.decode(bytes))} at revision ${revision}; the log left ${show(is)}`;
    this.report("J7", `${who} is shown, for ${show(queries.decode(query))}, ${both}`);
  }

  /** Somebody begins to observe an election. */
  observer(who: string, lock: string): ElectionJudge {
    return new ElectionJudge(this.report, this.#past, lock, who);
  }

  /** I1: whoever is in is compatible. */
  #fits(where: string, lock: DescribedLock): void {
    const { occupants } = lock;
    for (const [index, each] of occupants.entries()) {
      if (hasRoom(occupants.slice(0, index), each, lock.permitsMax)) continue;
      const all = occupants.map((one) => `${nameOf(one)} (${one.mode}, token ${one.token})`);
      return this.report("I1", `${where} is held at once by ${all.join(" and ")}`);
    }
  }

  /** I5: nobody waits who could have all that it waits for. Whoever wants several locks has to be first at each. */
  #givesOn(where: string, { name, waiters }: DescribedLock, locks: readonly DescribedLock[]): void {
    const [first] = waiters;
    if (first === undefined) return;
    const claim = nameOf(first);
    const wanted = locks.filter((lock) => lock.waiters.some((each) => nameOf(each) === claim));
    const isReady = wanted.every((lock) => {
      const [head] = lock.waiters as readonly [DescribedClaim];
      return nameOf(head) === claim && hasRoom(lock.occupants, head, lock.permitsMax);
    });
    if (isReady) this.report("I5", `${where}, ${name} has room, and ${waiters.map(nameOf).join(", ")} wait for it`);
  }

  /** I2 to I4, of a new grant. */
  #isGranted(where: string, { name, waiters }: DescribedLock, holder: DescribedClaim): void {
    const { token, mode, state, session } = holder;
    const highest = this.#tokens.get(name) ?? { any: 0, exclusive: 0 };
    // Those that are granted in one step, and do not exclude each other, have the same.
    const excluding = mode === "exclusive" ? highest.any : highest.exclusive;
    if (token <= excluding || token < highest.any) {
      return this.report(
        "I2",
        `${where} is granted to ${nameOf(holder)} with token ${token}, after token ${highest.any}`,
      );
    }
    this.#tokens.set(name, { any: token, exclusive: mode === "exclusive" ? token : highest.exclusive });
    if (state === "held" && !this.#sessions.lives(session)) {
      const why = `whose session is over: ${this.#sessions.why(session)}`;
      this.report("I3", `${where} is granted to ${nameOf(holder)}, ${why}`);
    }
    this.#isFirst(where, nameOf(holder), this.#queues.get(name) ?? [], waiters.map(nameOf));
  }

  /** I4: nobody who waited longer still waits. */
  #isFirst(where: string, holder: string, before: readonly string[], after: readonly string[]): void {
    const place = before.indexOf(holder);
    const ahead = place < 0 ? before : before.slice(0, place);
    const passed = ahead.find((each) => after.includes(each));
    if (passed !== undefined)
      this.report("I4", `${where} is granted to ${holder}, before ${passed}, which waited longer`);
  }
}

/** Whether one more fits in. */
function hasRoom(occupants: readonly DescribedClaim[], { mode, permits }: DescribedClaim, permitsMax: number): boolean {
  if (occupants.length === 0) return true;
  if (mode === "exclusive" || occupants.some((each) => each.mode !== mode)) return false;
  return mode === "shared" || occupants.reduce((sum, each) => sum + each.permits, permits) <= permitsMax;
}

function nameOf({ session, claim }: { readonly session: number; readonly claim: number }): string {
  return `claim ${claim} of session ${session}`;
}

/** Clock steps, sessions and locks: of all else a lock is free of changes. */
function concernsLocks({ bytes }: Entry): boolean {
  const commands = commandsOf(bytes);
  return (
    commands.length === 0 || commands.some(({ machine }) => machine === LOCK_MACHINE || machine === SESSION_MACHINE)
  );
}

function sameBytes(one: Uint8Array, other: Uint8Array): boolean {
  return one.length === other.length && one.every((byte, index) => byte === other[index]);
}

function show(told: object): string {
  return JSON.stringify(told, (_key, value: unknown) =>
    value instanceof Uint8Array ? new TextDecoder().decode(value.subarray(0, 40)) : value,
  );
}
