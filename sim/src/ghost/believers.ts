import type { HeldLock } from "@quorate/lock";
import type { Coverage } from "../coverage/sometimes.ts";
import type { Report } from "../invariants/checker.ts";
import type { Observer } from "../world/observer.ts";
import type { SimulatedClient } from "../world/simulated-client.ts";

interface Believer {
  readonly client: SimulatedClient;
  readonly held: HeldLock;
}

/** Who believes to hold which exclusive lock, asked at the instants at which somebody acts on it. */
export class Believers {
  readonly #report: Report;
  readonly #coverage: Coverage;
  readonly #observer: Observer;
  readonly #byLock = new Map<string, Believer[]>();
  readonly #tokens = new Map<string, number>();
  /** Locks whose last believer lost it, or died with it. */
  readonly #orphaned = new Set<string>();

  constructor(report: Report, coverage: Coverage, observer: Observer) {
    this.#report = report;
    this.#coverage = coverage;
    this.#observer = observer;
  }

  /** A client has the lock in its hands, and perhaps believes in it. */
  granted(lock: string, client: SimulatedClient, held: HeldLock): void {
    this.#observer.lockHeld(lock, client.id, held.token);
    const believers = this.#byLock.get(lock) ?? [];
    if (believers.some((each) => !each.client.process.isAlive)) this.#orphaned.add(lock);
    this.#byLock.set(lock, [...believers.filter((each) => each.client.process.isAlive), { client, held }]);
    if (held.remainingMs() > 0) this.asserted(lock, client, held);
  }

  /** A client acts under the lock, now. */
  asserted(lock: string, client: SimulatedClient, held: HeldLock): void {
    const highest = this.#tokens.get(lock) ?? 0;
    if (held.token < highest) {
      this.#report("I2", `${lock}: client ${client.id} acts under token ${held.token}, after token ${highest}`);
    } else if (held.token > highest) {
      if (this.#orphaned.delete(lock)) this.#coverage.hit("lock given on after its holder was lost");
      this.#tokens.set(lock, held.token);
    }
    for (const other of this.#byLock.get(lock) ?? []) {
      const { process } = other.client;
      if (other.held === held || !process.isAlive || process.isStopped) continue;
      if (other.held.remainingMs() > 0) {
        const both = `client ${client.id} (token ${held.token}) and client ${other.client.id} (token ${other.held.token})`;
        this.#report("I1", `${lock}: ${both} both believe to hold it`);
      }
    }
  }

  /** It is released, or was lost. */
  gone(lock: string, client: SimulatedClient, held: HeldLock, lost: boolean): void {
    this.#observer.lockGone(lock, client.id, held.token, lost);
    if (lost) this.#orphaned.add(lock);
    const left = (this.#byLock.get(lock) ?? []).filter((each) => each.client !== client || each.held !== held);
    this.#byLock.set(lock, left);
  }
}
