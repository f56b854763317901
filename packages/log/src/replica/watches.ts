import type { Composite, QuorateError, Watcher } from "@quorate/machine";
import type { Done } from "../disk/disk.ts";
import { closed, overloaded, tooStale } from "../errors.ts";
import type { LogLimits } from "../limits.ts";
import type { Answers } from "./answers.ts";
import { queryError } from "./reads.ts";

interface PendingWatch {
  readonly minRevision: number;
  readonly machine: string;
  readonly request: Uint8Array;
  readonly wake: () => void;
  readonly done: Done<Watcher<Uint8Array>>;
  readonly sinceMs: number;
}

/** A machine's watcher, until its owner closes it or the state under it is replaced. */
class LiveWatch implements Watcher<Uint8Array> {
  readonly #watches: Watches;
  readonly wake: () => void;
  inner: Watcher<Uint8Array> | null = null;
  woken = false;

  constructor(watches: Watches, wake: () => void) {
    this.#watches = watches;
    this.wake = wake;
  }

  /** Throws QuorateError `CLOSED` once a snapshot took the place of the state: ask again after the last revision seen. */
  pull(bytesMax: number): readonly Uint8Array[] {
    if (this.inner === null) throw closed("the watcher", "not-applied", null);
    return this.inner.pull(bytesMax);
  }

  close(): void {
    this.#watches.forget(this);
    this.inner?.close();
    this.inner = null;
  }
}

/**
 * The watchers of one replica. A machine may wake one in the middle of a step; its owner is woken at the end of the turn, once, and
 * pulls while its socket has room: order and back-pressure lie in the state, not in a queue.
 */
export class Watches {
  readonly #group: number;
  readonly #limits: LogLimits;
  readonly #answers: Answers;
  readonly #live = new Set<LiveWatch>();
  #pending: PendingWatch[] = [];
  #woken: LiveWatch[] = [];

  constructor(group: number, limits: LogLimits, answers: Answers) {
    this.#group = group;
    this.#limits = limits;
    this.#answers = answers;
  }

  get count(): number {
    return this.#live.size;
  }

  add(
    minRevision: number,
    machine: string,
    request: Uint8Array,
    wake: () => void,
    nowMs: number,
    done: Done<Watcher<Uint8Array>>,
  ): void {
    const { watchersMax } = this.#limits;
    if (this.#live.size + this.#pending.length >= watchersMax) {
      return this.#answers.refuse(done, overloaded(this.#group, "watchersMax", watchersMax, null));
    }
    this.#pending.push({ minRevision, machine, request, wake, done, sinceMs: nowMs });
  }

  /** Begins what can begin, and wakes who was woken. Call when the turn has applied all it will. */
  endTurn(composite: Composite, nowMs: number): void {
    if (this.#pending.length > 0) this.#begin(composite, nowMs);
    if (this.#woken.length === 0) return;
    const woken = this.#woken;
    this.#woken = [];
    for (const watch of woken) {
      watch.woken = false;
      this.#answers.add(watch.wake, null, undefined);
    }
  }

  /** The state was replaced, or the replica ends: every watcher is closed, and its owner woken to find out. */
  closeAll(): void {
    for (const watch of [...this.#live]) {
      watch.close();
      this.#answers.add(watch.wake, null, undefined);
    }
    this.#woken = [];
  }

  /** Everything that waits to begin is refused. */
  refuseAll(error: QuorateError): void {
    const pending = this.#pending;
    this.#pending = [];
    for (const each of pending) this.#answers.refuse(each.done, error);
  }

  forget(watch: LiveWatch): void {
    this.#live.delete(watch);
  }

  #begin(composite: Composite, nowMs: number): void {
    const later: PendingWatch[] = [];
    for (const pending of this.#pending) {
      if (pending.minRevision <= composite.revision) this.#open(composite, pending);
      else if (nowMs - pending.sinceMs < this.#limits.staleWaitMs) later.push(pending);
      else this.#answers.refuse(pending.done, tooStale(this.#group, composite.revision, pending.minRevision));
    }
    this.#pending = later;
  }

  #open(composite: Composite, pending: PendingWatch): void {
    const watch = new LiveWatch(this, pending.wake);
    try {
      watch.inner = composite.watch(pending.machine, pending.request, () => {
        if (watch.woken || watch.inner === null) return;
        watch.woken = true;
        this.#woken.push(watch);
      });
    } catch (thrown) {
      return this.#answers.refuse(pending.done, queryError(pending.machine, thrown));
    }
    this.#live.add(watch);
    this.#answers.add(pending.done, null, watch);
  }
}
