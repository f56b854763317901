import { commandsOf } from "../ghost/value.ts";
import { type DescribedLock, LOCK_MACHINE, lockMachine } from "@quorate/lock";
import { type Composite, SESSION_MACHINE } from "@quorate/machine";
import type { Entry } from "@quorate/paxos";
import type { GhostSessions } from "../ghost/sessions.ts";
import { Checker } from "./checker.ts";

const LOCKS_MAX = 100;
const LIST = lockMachine.codecs.query.encode({ kind: "list", prefix: "", after: "", limit: LOCKS_MAX });

/** I1 to I5 in the log: who has an exclusive lock after each step, who waits, and in which order. What clients believe stands with the believers. */
export class LockChecker extends Checker {
  readonly #sessions: GhostSessions;
  #appliedTo = 0;
  /** Who waited, in order, when it was looked at last. */
  #queues = new Map<string, readonly string[]>();
  readonly #tokens = new Map<string, number>();

  constructor(sessions: GhostSessions, ...base: ConstructorParameters<typeof Checker>) {
    super(...base);
    this.#sessions = sessions;
  }

  override applied(node: number, entry: Entry, counted: boolean, composite: Composite): void {
    if (entry.slot <= this.#appliedTo) return;
    this.#appliedTo = entry.slot;
    if (!counted || entry.kind !== "batch" || !concernsLocks(entry)) return;
    const answer = lockMachine.codecs.answer.decode(composite.query(LOCK_MACHINE, LIST));
    if (answer.kind !== "list") return;
    const queues = new Map<string, readonly string[]>();
    for (const lock of answer.locks) {
      queues.set(lock.name, lock.waiters.map(nameOf));
      this.#judge(`after slot ${entry.slot}, at node ${node}, ${lock.name}`, lock);
    }
    this.#queues = queues;
  }

  #judge(where: string, { name, occupants, waiters }: DescribedLock): void {
    const exclusive = occupants.filter(({ mode }) => mode === "exclusive");
    if (exclusive.length > 0 && occupants.length > 1) {
      this.report(
        "I1",
        `${where} is held at once by ${occupants.map((each) => `${nameOf(each)} (token ${each.token})`).join(" and ")}`,
      );
    }
    if (occupants.length === 0 && waiters.length > 0) {
      this.report("I5", `${where} is free, and ${waiters.map(nameOf).join(", ")} wait for it`);
    }
    const before = this.#queues.get(name) ?? [];
    for (const holder of exclusive) {
      const highest = this.#tokens.get(name) ?? 0;
      if (holder.token === highest) continue;
      if (holder.token < highest) {
        this.report(
          "I2",
          `${where} is granted to ${nameOf(holder)} with token ${holder.token}, after token ${highest}`,
        );
        continue;
      }
      this.#tokens.set(name, holder.token);
      if (holder.state === "held" && !this.#sessions.lives(holder.session)) {
        this.report(
          "I3",
          `${where} is granted to ${nameOf(holder)}, whose session is over: ${this.#sessions.why(holder.session)}`,
        );
      }
      this.#isFirst(where, nameOf(holder), before, waiters.map(nameOf));
    }
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

function nameOf({ session, claim }: { readonly session: number; readonly claim: number }): string {
  return `claim ${claim} of session ${session}`;
}

/** Clock steps, sessions and locks: of all else a lock is free of changes, but for what a clock step within it did, seen with the next. */
function concernsLocks({ bytes }: Entry): boolean {
  const commands = commandsOf(bytes);
  return (
    commands.length === 0 || commands.some(({ machine }) => machine === LOCK_MACHINE || machine === SESSION_MACHINE)
  );
}
