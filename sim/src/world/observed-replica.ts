import type { ReplicaObserver, SnapshotHead } from "@quorate/log";
import type { Composite } from "@quorate/machine";
import type { Durable, Engine, Entry, Member, Output } from "@quorate/paxos";
import type { Observer } from "./observer.ts";
import { wouldPromise } from "./would-promise.ts";

/** Tells the observers of a run what the replica of one process does. */
export class ObservedReplica implements ReplicaObserver {
  readonly #node: number;
  readonly #observer: Observer;
  #leader = 0;
  /** The ballot that it is open in; 0: none. */
  opening = 0;
  #promised = 0;
  #chosenTo = 0;

  constructor(node: number, observer: Observer) {
    this.#node = node;
    this.#observer = observer;
  }

  began(self: Member, life: number, durable: Durable, composite: Composite): void {
    this.#observer.replicaBegan(this.#node, self, life, durable, composite);
  }

  output(output: Output, nowMs: number): void {
    this.#observer.output(this.#node, output, nowMs);
    const { leader, opening, promised, chosenTo } = output;
    if (chosenTo > this.#chosenTo) {
      this.#chosenTo = chosenTo;
      this.#observer.chosenKnown(this.#node, chosenTo);
    }
    if (leader === this.#leader && opening === this.opening && promised === this.#promised) return;
    this.#leader = leader;
    this.opening = opening;
    this.#promised = promised;
    this.#observer.roleChanged(this.#node, leader, opening, promised);
  }

  readsAsked(token: number): void {
    this.#observer.readsAsked(this.#node, token);
  }

  readsAnswered(bound: number, validUntilMs: number): void {
    this.#observer.readsAnswered(this.#node, bound, validUntilMs);
  }

  applied(entry: Entry, counted: boolean, composite: Composite): void {
    this.#observer.applied(this.#node, entry, counted, composite);
  }

  checkpointing(head: SnapshotHead, composite: Composite): void {
    this.#observer.snapshotBegun(this.#node, head, composite);
  }

  checkpointed(head: SnapshotHead): void {
    this.#observer.snapshotTaken(this.#node, head);
  }

  installed(head: SnapshotHead, composite: Composite, engine: Pick<Engine, "copy">): void {
    this.#observer.snapshotInstalled(this.#node, head, composite);
    const promise = wouldPromise(engine, this.#node, head);
    if (promise !== null) this.#observer.promiseProbed(this.#node, head.slot, promise);
  }
}
