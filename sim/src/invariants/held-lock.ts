import type { HeldLock, HeldLockState } from "@quorate/lock";
import { QuorateError } from "@quorate/machine";
import type { Report } from "./checker.ts";

/** What may come after each state. */
const NEXT: Readonly<Record<HeldLockState, readonly HeldLockState[]>> = {
  held: ["jeopardy", "lost", "released"],
  jeopardy: ["held", "lost", "released"],
  lost: [],
  released: [],
};

/** I6, of one held lock: what it says of itself agrees, whichever way it is asked. */
export class HeldLockJudge {
  readonly #report: Report;
  readonly #held: Pick<HeldLock, "names" | "token" | "state" | "signal" | "onState" | "remainingMs" | "assertHeld">;
  readonly #who: string;
  #state: HeldLockState;

  constructor(report: Report, held: HeldLock, who: string) {
    this.#report = report;
    this.#held = held;
    this.#who = who;
    this.#state = held.state;
    held.onState((state) => {
      if (!NEXT[this.#state].includes(state)) this.#wrong(`became ${state} after it was ${this.#state}`);
      this.#state = state;
    });
  }

  /** Asks in all ways, now. */
  look(): void {
    const { state, signal } = this.#held;
    const remainingMs = this.#held.remainingMs();
    const isHeld = this.#isHeld();
    if (state !== this.#state) this.#wrong(`is ${state}, and whoever listens was told ${this.#state} last`);
    if (signal.aborted !== (state === "lost"))
      this.#wrong(`is ${state}, and its signal ${signal.aborted ? "fired" : "did not fire"}`);
    if (isHeld !== remainingMs > 0) this.#wrong(`is ${isHeld ? "held" : "not held"} with ${remainingMs} ms left of it`);
    if (isHeld && (state === "lost" || state === "released")) this.#wrong(`is ${state}, and asserted`);
  }

  #isHeld(): boolean {
    try {
      this.#held.assertHeld();
      return true;
    } catch (error) {
      if (error instanceof QuorateError && error.code === "LOCK_LOST") return false;
      throw error;
    }
  }

  #wrong(what: string): void {
    const { names, token } = this.#held;
    this.#report("I6", `${names.join(" and ")}, which ${this.#who} has with token ${token}, ${what}`);
  }
}
