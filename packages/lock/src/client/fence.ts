import { QuorateError } from "@quorate/machine";

/** What a fence starts from and where it writes. */
export interface FenceOptions {
  /** The highest token that was ever admitted, as it was stored; default 0: none. */
  readonly highestToken?: number;
  /**
   * Stores a higher token durably before anything under it is done. Without it, a restart of the resource forgets, and lets an old holder in once more.
   */
  readonly persist?: (token: number) => Promise<void>;
}

/**
 * The guard on the resource's side: does nothing under a token lower than one it has seen. Put every write of the resource behind one fence per lock.
 *
 * With it, a holder that lost its lock without noticing cannot spoil what its successor does, however late its writes arrive. Without it, a lock over an
 * outside resource rests on clocks and on writes that arrive in time. (M. Kleppmann, "How to do distributed locking", 2016, "Making the lock
 * safe with fencing".)
 */
export class Fence {
  private highest: number;
  private persisted: number;
  private readonly persist: (token: number) => Promise<void>;
  private last: Promise<unknown> = Promise.resolve();

  /** @throws QuorateError `BAD_OPTION` if the token is not an integer of 0 or more. */
  constructor(options: FenceOptions = {}) {
    const { highestToken = 0, persist = () => Promise.resolve() } = options;
    if (!Number.isSafeInteger(highestToken) || highestToken < 0) throw badToken(highestToken);
    this.highest = highestToken;
    this.persisted = highestToken;
    this.persist = persist;
  }

  /** The highest token seen; 0: none. */
  get highestToken(): number {
    return this.highest;
  }

  /**
   * Runs `write` if `token` is not lower than any seen before. Writes run one after the other, so none under a lower token is still at work when one
   * under a higher token begins.
   *
   * @throws QuorateError `FENCED` without having run `write`; whatever `persist` throws, without having run it either; whatever `write` throws.
   */
  run<T>(token: number, write: () => T | Promise<T>): Promise<T> {
    if (!Number.isSafeInteger(token) || token < 1) return Promise.reject(badToken(token));
    // Seen is seen, even if its turn comes later: what waits with a lower token is refused then.
    this.highest = Math.max(this.highest, token);
    const turn = this.last.then(() => this.admit(token, write));
    this.last = turn.then(
      () => undefined,
      () => undefined,
    );
    return turn;
  }

  private async admit<T>(token: number, write: () => T | Promise<T>): Promise<T> {
    this.refuseLower(token);
    if (token > this.persisted) {
      await this.persist(token);
      this.persisted = token;
      this.refuseLower(token);
    }
    return write();
  }

  private refuseLower(token: number): void {
    if (token >= this.highest) return;
    throw new QuorateError(
      "FENCED",
      "not-applied",
      `A write under fencing token ${token} was refused: ${this.highest} was seen. Somebody else holds the lock now; stop.`,
      { token, highestToken: this.highest },
    );
  }
}

function badToken(token: number): QuorateError {
  return new QuorateError("BAD_OPTION", "not-applied", `A fencing token is an integer of 1 or more, not ${token}.`, {
    token,
  });
}
