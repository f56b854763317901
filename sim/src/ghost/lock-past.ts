import {
  type AuditEntry,
  type DescribedLock,
  type Leader,
  type LockAnswer,
  type LockCommand,
  type LockQuery,
  lockMachine,
} from "@quorate/lock";

const { result: results } = lockMachine.codecs;
/** Forced releases that the log remembers. */
const AUDIT_MAX = 256;

/** What one holder shows to the observers of its election. */
interface Shown {
  readonly value: Uint8Array;
  readonly revision: number;
}

/** The locks after one step of the log. */
interface LockStep {
  readonly revision: number;
  /** Those that are not free, by name. */
  readonly locks: readonly DescribedLock[];
  /** By lock; none: nobody leads. */
  readonly leaders: ReadonlyMap<string, Leader>;
  /** Forced releases so far. */
  readonly forced: number;
}

const NO_STEP: LockStep = { revision: 0, locks: [], leaders: new Map(), forced: 0 };

/** What became of the locks with each step of the log: who had which, who led, what was taken by force. */
export class LockPast {
  readonly #steps: LockStep[] = [NO_STEP];
  readonly #forced: AuditEntry[] = [];
  readonly #shown = new Map<string, Shown>();

  /** A command of the log was carried out. */
  carriedOut(command: LockCommand, session: number, bytes: Uint8Array, revision: number, logTimeMs: number): void {
    if (command.kind === "acquire") {
      if (results.decode(bytes).kind !== "claim") return;
      const holder = nameOf(session, command.claim);
      // Asked for again, it is the claim that it was.
      if (!this.#shown.has(holder)) this.#shown.set(holder, { value: command.value, revision });
    } else if (command.kind === "proclaim") {
      const result = results.decode(bytes);
      if (result.kind !== "proclaimed" || !result.proclaimed) return;
      this.#shown.set(nameOf(session, command.claim), { value: command.value, revision });
    } else if (command.kind === "force") {
      const result = results.decode(bytes);
      if (result.kind !== "forced" || result.claims.length === 0) return;
      const { lock, now, reason } = command;
      const taken = result.claims.map((claim) => [claim.session, claim.token] as const);
      this.#forced.push({ revision, logTimeMs, lock, session, now, reason, taken });
    }
  }

  /** A step ended with the locks so. */
  ended(revision: number, locks: readonly DescribedLock[]): void {
    const leaders = new Map<string, Leader>();
    for (const lock of locks) {
      const leader = this.#leaderOf(lock);
      if (leader !== null) leaders.set(lock.name, leader);
    }
    this.#steps.push({ revision, locks, leaders, forced: this.#forced.length });
  }

  /** What a query answers, as of a revision; null: that is not known here. */
  answer(query: LockQuery, revision: number): LockAnswer | null {
    const step = this.#steps.findLast((each) => each.revision <= revision)!;
    switch (query.kind) {
      case "describe":
        return { kind: "describe", lock: step.locks.find(({ name }) => name === query.lock) ?? free(query.lock) };
      case "list": {
        const { prefix, after, limit } = query;
        const all = step.locks.filter(({ name }) => name > after && name.startsWith(prefix));
        return { kind: "list", locks: all.slice(0, limit), more: all.length > limit };
      }
      case "validate": {
        const occupants = step.locks.find(({ name }) => name === query.lock)?.occupants ?? [];
        return {
          kind: "validate",
          held: occupants.some(({ token, state }) => token === query.token && state !== "lost"),
        };
      }
      case "leader":
        return { kind: "leader", leader: step.leaders.get(query.lock) ?? null };
      case "audit":
        return { kind: "audit", entries: this.#forced.slice(Math.max(0, step.forced - AUDIT_MAX), step.forced) };
      case "claim":
        return null;
    }
  }

  /** Who led, at the first step from `from` on after which it was so, and that step; null: it never was. */
  leaderFrom(from: number, lock: string, told: Leader | null): number | null {
    for (let at = from; at < this.#steps.length; at++) {
      if (isSame(this.#steps[at]!.leaders.get(lock) ?? null, told)) return at;
    }
    return null;
  }

  /** Of its holders the one that has had it longest leads. */
  #leaderOf({ occupants }: DescribedLock): Leader | null {
    let first: DescribedLock["occupants"][number] | null = null;
    for (const each of occupants) {
      if (each.state !== "lost" && (first === null || each.token < first.token)) first = each;
    }
    const shown = first === null ? undefined : this.#shown.get(nameOf(first.session, first.claim));
    if (first === null || shown === undefined) return null;
    const { session, token, endsAtMs } = first;
    return { session, token, value: shown.value, valueRevision: shown.revision, endsAtMs };
  }
}

function nameOf(session: number, claim: number): string {
  return `${session} ${claim}`;
}

function free(name: string): DescribedLock {
  return { name, permitsMax: 0, occupants: [], occupantCount: 0, waiters: [], waiterCount: 0 };
}

function isSame(one: Leader | null, other: Leader | null): boolean {
  if (one === null || other === null) return one === other;
  return (
    one.session === other.session &&
    one.token === other.token &&
    one.valueRevision === other.valueRevision &&
    one.endsAtMs === other.endsAtMs &&
    one.value.length === other.value.length &&
    one.value.every((byte, index) => byte === other.value[index])
  );
}
