import type { HeldLock, Want } from "@quorate/lock";
import type { Coverage } from "../coverage/sometimes.ts";
import type { Report } from "../invariants/checker.ts";
import type { Observer } from "../world/observer.ts";
import type { SimulatedClient } from "../world/simulated-client.ts";
import type { ForcedLocks } from "./forced-locks.ts";

interface Believer {
  readonly client: SimulatedClient;
  readonly held: HeldLock;
  readonly want: Want;
}

/** The highest tokens under which somebody acted. */
interface Tokens {
  any: number;
  exclusive: number;
}

/** Who believes to hold which lock, asked at the instants at which somebody acts on it. */
export class Believers {
  readonly #report: Report;
  readonly #coverage: Coverage;
  readonly #observer: Observer;
  readonly #forced: ForcedLocks;
  readonly #byLock = new Map<string, Believer[]>();
  readonly #tokens = new Map<string, Tokens>();
  /** Locks whose last believer lost it, or died with it. */
  readonly #orphaned = new Set<string>();

  constructor(report: Report, coverage: Coverage, observer: Observer, forced: ForcedLocks) {
    this.#report = report;
    this.#coverage = coverage;
    this.#observer = observer;
    this.#forced = forced;
  }

  /** A client has the locks in its hands, and perhaps believes in them. */
  granted(wants: readonly Want[], client: SimulatedClient, held: HeldLock): void {
    for (const want of wants) {
      const { lock } = want;
      this.#observer.lockHeld(lock, client.id, held.token);
      const believers = this.#byLock.get(lock) ?? [];
      if (believers.some((each) => !each.client.process.isAlive)) this.#orphaned.add(lock);
      this.#byLock.set(lock, [...believers.filter((each) => each.client.process.isAlive), { client, held, want }]);
    }
    if (held.remainingMs() > 0) this.asserted(held);
  }

  /** Who has these locks acts under them, now. */
  asserted(held: HeldLock): void {
    if (this.#isForced(held)) {
      this.#coverage.hit("lock believed in after it was given on at once");
      return;
    }
    for (const lock of held.names) {
      const believers = this.#byLock.get(lock) ?? [];
      const self = believers.find((each) => each.held === held);
      if (self === undefined) continue;
      this.#acts(lock, self);
      this.#isAlone(lock, self, believers);
      if (held.revoked) this.#coverage.hit("lock held on after it was taken by force");
    }
  }

  /** They are released, or were lost. */
  gone({ id }: SimulatedClient, held: HeldLock, lost: boolean): void {
    for (const lock of held.names) {
      this.#observer.lockGone(lock, id, held.token, lost);
      if (lost) this.#orphaned.add(lock);
      const left = (this.#byLock.get(lock) ?? []).filter((each) => each.held !== held);
      this.#byLock.set(lock, left);
    }
  }

  /** Whoever asked for it at once was told that two may believe. */
  #isForced({ names, token }: HeldLock): boolean {
    return this.#forced.has(names, token);
  }

  /** I2: as a resource would have it. Permits exclude nobody, as long as there are some. */
  #acts(lock: string, { client, held: { token }, want: { mode } }: Believer): void {
    const highest = this.#tokens.get(lock) ?? { any: 0, exclusive: 0 };
    const excluding = mode === "exclusive" ? highest.any : mode === "shared" ? highest.exclusive : 0;
    if (token < excluding) {
      this.#report("I2", `${lock}: client ${client.id} acts under token ${token}, after token ${excluding}`);
    }
    if (token <= highest.any) return;
    if (this.#orphaned.delete(lock)) this.#coverage.hit("lock given on after its holder was lost");
    this.#tokens.set(lock, { any: token, exclusive: mode === "exclusive" ? token : highest.exclusive });
  }

  /** I1. */
  #isAlone(lock: string, self: Believer, believers: readonly Believer[]): void {
    const others = believers.filter(({ client: { process }, held }) => {
      return (
        held !== self.held && !this.#isForced(held) && process.isAlive && !process.isStopped && held.remainingMs() > 0
      );
    });
    const { mode, permits, permitsMax } = self.want;
    const excluded =
      mode === "permits"
        ? others.reduce((sum, { want }) => sum + want.permits, permits) > permitsMax
        : others.some(({ want }) => mode === "exclusive" || want.mode === "exclusive");
    if (mode === "shared" && others.length > 0 && !excluded) this.#coverage.hit("lock shared by two");
    if (!excluded) return;
    const all = [self, ...others].map(({ client, held, want }) => {
      const what = want.mode === "permits" ? `${want.permits} of ${want.permitsMax} permits, ` : `${want.mode}, `;
      return `client ${client.id} (${what}token ${held.token})`;
    });
    this.#report("I1", `${lock}: ${all.join(" and ")} all believe to hold it`);
  }
}
