import type { Leader } from "@quorate/lock";
import type { LockPast } from "../ghost/lock-past.ts";
import type { Report } from "./checker.ts";

/** J7, of one observer of an election: whoever it is told of led, and it is never told of a past before what it was told last. */
export class ElectionJudge {
  readonly #report: Report;
  readonly #past: LockPast;
  readonly #lock: string;
  readonly #who: string;
  #at = 0;

  constructor(report: Report, past: LockPast, lock: string, who: string) {
    this.#report = report;
    this.#past = past;
    this.#lock = lock;
    this.#who = who;
  }

  told(leader: Leader | null): void {
    const at = this.#past.leaderFrom(this.#at, this.#lock, leader);
    if (at !== null) {
      this.#at = at;
      return;
    }
    const what = leader === null ? "that nobody leads" : `of session ${leader.session} with token ${leader.token}`;
    this.#report("J7", `${this.#who} is told ${what} in ${this.#lock}, which was not so after what it was told before`);
  }
}
