import { type Entry, type PromiseMessage, SLOT_MAX } from "@quorate/paxos";
import type { Value } from "./value.ts";

/** What one node has promised in a ballot, as its leader was told, page by page. */
export interface HeardPromise {
  readonly node: number;
  readonly incarnation: number;
  /** Pages came for all slots below; above {@link SLOT_MAX}: the last page came. */
  pageFrom: number;
  /** The highest that any of its pages told. */
  chosenTo: number;
  readonly votes: Map<number, { readonly ballot: number; readonly value: Value }>;
  readonly faulty: Set<number>;
}

/** One ballot: who leads it, what it was promised, and what it proposes. */
export class GhostBallot {
  readonly ballot: number;
  readonly node: number;
  /** Life of the process that campaigned. */
  readonly life: number;
  /** Its own promise was made at this moment, counted in events. */
  readonly preparedAt: number;
  /** A message of it has left; until then a process that died may have written it down in vain. */
  isUsed = false;
  /** 0 until an accept or a heartbeat has left. */
  startSlot = 0;
  readonly proposals: Map<number, Value> = new Map<number, Value>();
  readonly promises: Map<number, HeardPromise> = new Map<number, HeardPromise>();
  /** Something that it proposed is chosen, in it. */
  hasChosen = false;

  constructor(ballot: number, node: number, life: number, preparedAt: number) {
    this.ballot = ballot;
    this.node = node;
    this.life = life;
    this.preparedAt = preparedAt;
  }

  /** A page reaches the leader. */
  hears(node: number, incarnation: number, page: PromiseMessage, valueOf: (entry: Entry) => Value): void {
    let promise = this.promises.get(node);
    if (promise === undefined || promise.incarnation !== incarnation) {
      promise = {
        node,
        incarnation,
        pageFrom: page.slotFrom,
        chosenTo: 0,
        votes: new Map(),
        faulty: new Set(),
      };
      this.promises.set(node, promise);
    }
    if (page.slotFrom !== promise.pageFrom) {
      // Asked anew, from another slot on: a leader leaves promises unread that it does not need yet.
      if (promise.pageFrom > SLOT_MAX) return;
      promise.pageFrom = page.slotFrom;
    }
    promise.chosenTo = Math.max(promise.chosenTo, page.chosenTo);
    for (const vote of page.votes) promise.votes.set(vote.slot, { ballot: vote.ballot, value: valueOf(vote) });
    for (const slot of page.faulty) promise.faulty.add(slot);
    promise.pageFrom = page.slotTo >= SLOT_MAX ? SLOT_MAX + 1 : page.slotTo + 1;
  }
}
