import {
  type Accept,
  type Ballot,
  decodeMembers,
  type Durable,
  type DurableRecord,
  type Entry,
  type Member,
  type Members,
  type Message,
  nodeOf,
  type Output,
  type PromiseMessage,
  type Quorum,
  quorumOf,
  showBallot,
  SLOT_MAX,
  FIRST_STANDING,
  standingAfter,
} from "@quorate/paxos";

/** An invariant did not hold; `id` is its name in the list of invariants (A1 … O1). */
export class GhostError extends Error {
  readonly id: string;

  constructor(id: string, sentence: string) {
    super(`${id}: ${sentence}`);
    this.name = "GhostError";
    this.id = id;
  }
}

function hold(holds: boolean, id: string, sentence: () => string): asserts holds {
  if (!holds) throw new GhostError(id, sentence());
}

/** What a slot holds, whoever votes for it in whatever ballot. */
export function valueOf(entry: Entry): string {
  return `${entry.kind} ${showBallot(entry.origin)}${entry.anchored ? " anchored " : " "}${Buffer.from(entry.bytes).toString("latin1")}`;
}

interface Votes {
  readonly value: string;
  readonly entry: Entry;
  /** Identities whose disk holds this vote. */
  readonly voters: Set<string>;
}

interface Recorded {
  readonly ballot: Ballot;
  readonly value: string;
  readonly at: number;
  synced: boolean;
}

/** One node as the ghost sees it: what was said, what was recorded, what its disk holds. */
interface Seen {
  readonly member: Member;
  life: number;
  /** Promised, in the order of records, synced or not. */
  promised: Ballot;
  durablePromised: Ballot;
  readonly durableVotes: Map<number, { ballot: Ballot; value: string }>;
  readonly recorded: Map<number, Recorded[]>;
  /** When a prepare of that ballot first reached this node. */
  readonly prepared: Map<Ballot, number>;
  base: number;
  chosenTo: number;
  handedTo: number;
  governingSlot: number;
  governingFloor: Ballot;
  leaseMsMax: number;
  /** Slots whose record went bad and was not written again. */
  readonly doubtful: Set<number>;
}

interface Promised {
  pageFrom: number;
  chosenTo: number;
  readonly votes: Map<number, Entry>;
  readonly faulty: Set<number>;
}

const keyOf = (member: { node: number; incarnation: number }): string => `${member.node} ${member.incarnation}`;

/**
 * Sees everything at once: every disk, every message, every clock. Checks after each step what no node could check alone,
 * and throws a {@link GhostError} that names the invariant.
 */
export class Ghost {
  /** Grows with everything that happens. */
  at = 0;
  /** Every slot to here is chosen. */
  chosenTo = 0;
  /** The greatest slot that any node has known chosen: it may have been acknowledged to a client. */
  acknowledgedTo = 0;
  readonly sometimes: Map<string, number> = new Map<string, number>();
  private readonly nodes = new Map<number, Seen>();
  private readonly log: Entry[] = [];
  private readonly votes = new Map<number, Map<Ballot, Votes>>();
  private readonly sets: { slot: number; members: Members; quorum: Quorum }[];
  private readonly owners = new Map<Ballot, string>();
  private readonly proposals = new Map<Ballot, Map<number, Entry>>();
  private readonly startSlots = new Map<Ballot, number>();
  private readonly promises = new Map<Ballot, Map<string, Promised>>();
  private readonly submitted = new Set<string>();
  private readonly reads = new Map<string, number>();

  constructor(members: Members) {
    this.sets = [{ slot: 0, members, quorum: quorumOf(members) }];
  }

  /** Counts what a good campaign meets now and then. */
  met(what: string): void {
    this.sometimes.set(what, (this.sometimes.get(what) ?? 0) + 1);
  }

  /** In how many different ballots the most contended slot was voted for. */
  contention(): number {
    return Math.max(0, ...[...this.votes.values()].map((ballots) => ballots.size));
  }

  // ── life of a node ──

  started(member: Member, life: number, durable: Durable): void {
    const before = this.nodes.get(member.node);
    const old = before?.member.incarnation === member.incarnation ? before : undefined;
    const floor = Math.max(...durable.governing.map((set) => set.floor));
    hold(
      old === undefined || durable.promised >= old.durablePromised,
      "A1",
      () => `node ${member.node} came back with promised ${showBallot(durable.promised)}`,
    );
    const last = durable.governing[durable.governing.length - 1]!;
    const seen: Seen = {
      member,
      life,
      promised: Math.max(durable.promised, floor),
      durablePromised: Math.max(durable.promised, floor),
      durableVotes: old?.durableVotes ?? new Map<number, { ballot: Ballot; value: string }>(),
      recorded: new Map(
        [...(old?.recorded ?? [])].map(([slot, list]) => [slot, list.filter((one) => one.synced)] as const),
      ),
      prepared: old?.prepared ?? new Map<Ballot, number>(),
      base: durable.base,
      chosenTo: 0,
      handedTo: durable.base,
      governingSlot: last.slot,
      governingFloor: floor,
      leaseMsMax: durable.leaseMsMax,
      doubtful: old?.doubtful ?? new Set<number>(),
    };
    this.nodes.set(member.node, seen);
  }

  /** The record of `slot` on the disk of `node` went bad; `left` is an older one that can still be read. */
  damaged(node: number, slot: number, left: Entry | null): void {
    const seen = this.nodes.get(node)!;
    seen.doubtful.add(slot);
    seen.recorded.delete(slot);
    if (left === null) seen.durableVotes.delete(slot);
    else seen.durableVotes.set(slot, { ballot: left.ballot, value: valueOf(left) });
    this.met("damaged record");
  }

  /** An older copy of its disk stands in the place of that of `node`: it knows no better than what is there. */
  putBack(node: number, durable: Durable): void {
    const seen = this.nodes.get(node)!;
    seen.durablePromised = durable.promised;
    seen.recorded.clear();
    seen.durableVotes.clear();
    for (const entry of durable.accepted)
      seen.durableVotes.set(entry.slot, { ballot: entry.ballot, value: valueOf(entry) });
  }

  // ── what a node does ──

  /** A client or an operator gave this value; only such values may be chosen (C4). */
  submit(bytes: Uint8Array): void {
    this.submitted.add(Buffer.from(bytes).toString("latin1"));
  }

  asked(node: number, life: number, token: number): void {
    this.reads.set(`${node} ${life} ${token}`, this.acknowledgedTo);
  }

  /** Everything that one output of `node` says. `nowMs`: on that node's clock. */
  output(node: number, out: Output, nowMs: number): void {
    this.at++;
    const seen = this.nodes.get(node)!;
    for (const record of out.records) this.recorded(seen, record);
    hold(out.chosenTo >= seen.chosenTo, "D4", () => `node ${node}: chosenTo fell to ${out.chosenTo}`);
    seen.chosenTo = out.chosenTo;
    for (const entry of out.chosen) {
      hold(entry.slot === seen.handedTo + 1, "D1", () => `node ${node}: slot ${entry.slot} after ${seen.handedTo}`);
      seen.handedTo = entry.slot;
      this.isChosen(seen, entry);
    }
    this.acknowledgedTo = Math.max(this.acknowledgedTo, out.chosenTo);
    hold(out.chosenTo <= this.chosenTo, "C2", () => `node ${node} takes slot ${out.chosenTo} as chosen too early`);
    this.governs(seen, out);
    for (const { to, message } of out.sends) this.said(seen, to, message);
    for (const { token, bound, validUntilMs } of out.reads) {
      if (bound < 0 || validUntilMs <= nowMs) continue;
      const least = this.reads.get(`${node} ${seen.life} ${token}`);
      hold(least !== undefined, "H2", () => `node ${node}: read ${token} was never asked`);
      hold(
        bound >= least,
        "H2",
        () => `node ${node}: read ${token} is bound to ${bound}, ${least} was acknowledged before it began`,
      );
      this.met(validUntilMs === Infinity ? "read confirmed" : "lease read");
    }
  }

  private recorded(seen: Seen, record: DurableRecord): void {
    const { node } = seen.member;
    if (record.kind === "promised") {
      hold(
        record.ballot > seen.promised,
        "A1",
        () => `node ${node} records promised ${showBallot(record.ballot)} after ${showBallot(seen.promised)}`,
      );
      seen.promised = record.ballot;
      return;
    }
    if (record.kind !== "accepted") return;
    const { entry } = record;
    const value = valueOf(entry);
    const list = seen.recorded.get(entry.slot) ?? [];
    seen.recorded.set(entry.slot, list);
    const chosen = this.log[entry.slot - 1];
    const learned = chosen !== undefined && valueOf(chosen) === value;
    if (!learned) {
      hold(
        entry.ballot === seen.promised,
        "A3",
        () =>
          `node ${node} accepts slot ${entry.slot} in ${showBallot(entry.ballot)}, promised ${showBallot(seen.promised)}`,
      );
      hold(
        entry.slot <= seen.governingSlot || entry.ballot >= seen.governingFloor,
        "G6",
        () => `node ${node} accepts slot ${entry.slot} in ${showBallot(entry.ballot)} below the floor`,
      );
    }
    for (const before of list) {
      hold(
        before.ballot !== entry.ballot || before.value === value,
        "A4",
        () => `node ${node} holds two values in slot ${entry.slot}, ballot ${showBallot(entry.ballot)}`,
      );
      if (!learned) {
        hold(
          before.ballot <= entry.ballot || !before.synced,
          "A3",
          () => `node ${node} replaces a higher vote in slot ${entry.slot}`,
        );
      }
    }
    list.push({ ballot: entry.ballot, value, at: this.at, synced: false });
  }

  /** A record of `node` is on its disk. */
  synced(node: number, record: DurableRecord): void {
    const seen = this.nodes.get(node)!;
    if (record.kind === "promised") seen.durablePromised = Math.max(seen.durablePromised, record.ballot);
    if (record.kind === "lease") seen.leaseMsMax = record.leaseMsMax;
    if (record.kind !== "accepted") return;
    const { entry } = record;
    const value = valueOf(entry);
    seen.durableVotes.set(entry.slot, { ballot: entry.ballot, value });
    seen.doubtful.delete(entry.slot);
    for (const one of seen.recorded.get(entry.slot) ?? [])
      if (one.ballot === entry.ballot && one.value === value) one.synced = true;
    const ballots = this.votes.get(entry.slot) ?? new Map<Ballot, Votes>();
    this.votes.set(entry.slot, ballots);
    const votes = ballots.get(entry.ballot) ?? { value, entry, voters: new Set<string>() };
    ballots.set(entry.ballot, votes);
    hold(
      votes.value === value,
      "B2",
      () => `slot ${entry.slot} has two values in ${showBallot(entry.ballot)}: ${votes.value} and ${value}`,
    );
    votes.voters.add(keyOf(seen.member));
    if (ballots.size >= 3) this.met("three ballots in one slot");
    this.count(entry.slot);
  }

  /** C1: whatever an accept quorum of the set that governs the slot holds in one ballot is chosen, and there is one such value. */
  private count(slot: number): void {
    if (slot <= this.chosenTo) this.countSlot(slot);
    while (this.countSlot(this.chosenTo + 1)) {
      const entry = this.log[this.chosenTo]!;
      this.chosenTo++;
      if (entry.kind !== "members") continue;
      const members = decodeMembers(entry.bytes);
      hold(members !== null, "C4", () => `slot ${entry.slot} holds a change that cannot be decoded`);
      this.sets.push({ slot: entry.slot, members, quorum: quorumOf(members) });
      this.met("membership change");
    }
  }

  private countSlot(slot: number): boolean {
    let found = false;
    const quorum = this.governing(slot).quorum;
    for (const [ballot, votes] of this.votes.get(slot) ?? []) {
      let bits = 0;
      quorum.voters.forEach((voter, index) => {
        if (votes.voters.has(keyOf(voter))) bits |= 1 << index;
      });
      if (!quorum.accept(bits)) continue;
      found = true;
      const chosen = this.log[slot - 1];
      hold(
        chosen === undefined || valueOf(chosen) === votes.value,
        "C1",
        () =>
          `slot ${slot}: "${valueOf(chosen!)}" was chosen, and in ballot ${showBallot(ballot)} "${votes.value}" as well`,
      );
      if (chosen === undefined) {
        this.log[slot - 1] = votes.entry;
        const text = Buffer.from(votes.entry.bytes).toString("latin1");
        hold(
          votes.entry.kind !== "batch" || this.submitted.has(text),
          "C4",
          () => `slot ${slot}: nobody submitted "${text}"`,
        );
      }
    }
    return found;
  }

  private governing(slot: number): { slot: number; members: Members; quorum: Quorum } {
    for (let index = this.sets.length - 1; ; index--) if (this.sets[index]!.slot < slot) return this.sets[index]!;
  }

  private isChosen(seen: Seen, entry: Entry): void {
    const chosen = this.log[entry.slot - 1];
    hold(
      entry.slot <= this.chosenTo && chosen !== undefined,
      "C2",
      () => `node ${seen.member.node} takes slot ${entry.slot} as chosen, no quorum holds it`,
    );
    hold(
      valueOf(chosen) === valueOf(entry),
      "D2",
      () => `node ${seen.member.node} takes "${valueOf(entry)}" in slot ${entry.slot}, chosen is "${valueOf(chosen)}"`,
    );
  }

  private governs(seen: Seen, out: Output): void {
    const { governing } = out;
    const known = this.sets.find((set) => set.slot === governing.slot);
    hold(
      known !== undefined && sameVoters(known.members, governing.members),
      "G1",
      () => `node ${seen.member.node} is governed by a set of slot ${governing.slot} that was not chosen there`,
    );
    seen.governingSlot = governing.slot;
    seen.governingFloor = Math.max(seen.governingFloor, governing.floor);
    hold(
      seen.promised >= governing.floor,
      "G6",
      () => `node ${seen.member.node} knows a floor of ${showBallot(governing.floor)} and promised less`,
    );
  }

  // ── what is said ──

  private said(seen: Seen, to: readonly number[], message: Message): void {
    const { node } = seen.member;
    hold(!to.includes(node), "A2", () => `node ${node} sends to itself by the wire`);
    switch (message.kind) {
      case "prepare": {
        hold(nodeOf(message.ballot) === node, "B1", () => `node ${node} prepares ${showBallot(message.ballot)}`);
        this.owns(seen, message.ballot);
        this.prepared(seen, message.ballot);
        hold(
          seen.durablePromised >= message.ballot,
          "A2",
          () => `node ${node} prepares ${showBallot(message.ballot)} before that is durable`,
        );
        return;
      }
      case "promise":
        return this.promised(seen, message);
      case "accepted":
        return this.accepted(seen, message.ballot, message.acceptedTo);
      case "heartbeat-answer":
        if (message.grantedMs > 0) {
          hold(
            seen.leaseMsMax >= message.grantedMs,
            "A2",
            () => `node ${node} grants ${message.grantedMs} ms before that is durable`,
          );
        }
        return this.accepted(seen, message.ballot, message.acceptedTo);
      case "heartbeat":
        this.owns(seen, message.ballot);
        this.startsAt(message.ballot, message.startSlot);
        return this.acknowledges(seen, message.ballot, message.ackFrom, message.ackTo);
      case "accept":
        this.owns(seen, message.ballot);
        this.startsAt(message.ballot, message.startSlot);
        this.acknowledges(seen, message.ballot, message.ackFrom, message.ackTo);
        return this.proposed(seen, message);
      case "learn":
        for (const entry of message.entries) this.isChosen(seen, entry);
        return;
      case "reject":
        this.met("reject");
        return;
      default:
        return;
    }
  }

  private owns(seen: Seen, ballot: Ballot): void {
    const key = `${keyOf(seen.member)} life ${seen.life}`;
    const owner = this.owners.get(ballot) ?? key;
    this.owners.set(ballot, owner);
    hold(owner === key, "B1", () => `ballot ${showBallot(ballot)} of ${owner} is used by ${key}`);
  }

  private startsAt(ballot: Ballot, slot: number): void {
    const known = this.startSlots.get(ballot) ?? slot;
    this.startSlots.set(ballot, known);
    hold(known === slot, "B3", () => `ballot ${showBallot(ballot)} starts at ${known} and at ${slot}`);
  }

  /** Rule 15: what is acknowledged was chosen, and what the ballot proposed there is the chosen value. */
  private acknowledges(seen: Seen, ballot: Ballot, from: number, to: number): void {
    for (let slot = from; slot <= to; slot++) {
      const proposed = this.proposals.get(ballot)?.get(slot);
      const chosen = this.log[slot - 1];
      hold(
        chosen !== undefined && (proposed === undefined || valueOf(proposed) === valueOf(chosen)),
        "B4",
        () => `node ${seen.member.node} acknowledges slot ${slot} in ${showBallot(ballot)}, it chose something else`,
      );
    }
  }

  private promised(seen: Seen, page: PromiseMessage): void {
    const { node } = seen.member;
    hold(
      seen.durablePromised >= page.ballot,
      "A2",
      () => `node ${node} promises ${showBallot(page.ballot)} before that is durable`,
    );
    hold(
      page.ballot >= seen.governingFloor,
      "G6",
      () => `node ${node} promises ${showBallot(page.ballot)} below the floor`,
    );
    hold(
      page.ballot === seen.promised,
      "A3",
      () => `node ${node} promises ${showBallot(page.ballot)}, its promised is ${showBallot(seen.promised)}`,
    );
    const preparedAt = seen.prepared.get(page.ballot);
    hold(preparedAt !== undefined, "A5", () => `node ${node} promises ${showBallot(page.ballot)} unasked`);
    const from = Math.max(page.slotFrom, page.chosenTo + 1);
    if (page.slotTo < SLOT_MAX) this.met("paged promise");
    if (page.votes.length > 0) this.met("promise with votes");
    for (const [slot, list] of seen.recorded) {
      if (slot < from || slot > page.slotTo || page.faulty.includes(slot)) continue;
      let best: Recorded | null = null;
      for (const one of list) if (one.at < preparedAt && (best === null || one.ballot >= best.ballot)) best = one;
      if (best === null) continue;
      const told = page.votes.find((vote) => vote.slot === slot);
      hold(
        told !== undefined && told.ballot >= best.ballot && (told.ballot > best.ballot || valueOf(told) === best.value),
        "A5",
        () => `node ${node} promises ${showBallot(page.ballot)} and is silent about its vote in slot ${slot}`,
      );
    }
    for (const vote of page.votes) {
      const held = seen.durableVotes.get(vote.slot);
      hold(
        held !== undefined && held.ballot >= vote.ballot,
        "A2",
        () => `node ${node} reports a vote in slot ${vote.slot} that its disk does not hold`,
      );
    }
  }

  private accepted(seen: Seen, ballot: Ballot, acceptedTo: number): void {
    const { node } = seen.member;
    hold(
      seen.durablePromised === ballot && seen.promised === ballot,
      "A2",
      () => `node ${node} answers ${showBallot(ballot)}, its promised is ${showBallot(seen.promised)}`,
    );
    const startSlot = this.startSlots.get(ballot);
    hold(startSlot !== undefined, "A2", () => `node ${node} follows ${showBallot(ballot)}, which never led`);
    for (let slot = startSlot; slot <= acceptedTo; slot++) {
      if (slot <= seen.base) continue;
      const held = seen.durableVotes.get(slot);
      const chosen = this.log[slot - 1];
      hold(
        (held !== undefined && held.ballot === ballot) ||
          (chosen !== undefined && slot <= Math.max(seen.chosenTo, seen.handedTo)) ||
          (chosen !== undefined && held !== undefined && held.ballot > ballot && held.value === valueOf(chosen)),
        "A2",
        () => `node ${node} says accepted to ${acceptedTo} in ${showBallot(ballot)}, its disk lacks slot ${slot}`,
      );
    }
  }

  private proposed(seen: Seen, accept: Accept): void {
    const { ballot } = accept;
    const proposals = this.proposals.get(ballot) ?? new Map<number, Entry>();
    this.proposals.set(ballot, proposals);
    for (const entry of accept.entries) {
      const { slot } = entry;
      hold(entry.ballot === ballot, "B2", () => `slot ${slot}: an accept of ${showBallot(ballot)} of another ballot`);
      const before = proposals.get(slot);
      hold(
        before === undefined || valueOf(before) === valueOf(entry),
        "B2",
        () => `${showBallot(ballot)} proposes two values in slot ${slot}`,
      );
      if (before !== undefined) continue;
      proposals.set(slot, entry);
      this.safeAt(seen, entry, proposals);
    }
  }

  /** B3 and G2, G3: at the first accept of (ballot, slot). */
  private safeAt(seen: Seen, entry: Entry, proposals: Map<number, Entry>): void {
    const { slot, ballot } = entry;
    for (const [other, votes] of this.votes.get(slot) ?? []) {
      if (other < ballot && slot <= this.chosenTo && this.isQuorum(slot, votes)) {
        hold(
          votes.value === valueOf(entry),
          "B3",
          () => `${showBallot(ballot)} proposes "${valueOf(entry)}" in slot ${slot}, chosen is "${votes.value}"`,
        );
      }
    }
    for (const [below, proposal] of proposals) {
      if (proposal.kind !== "members" || below >= slot) continue;
      hold(
        below <= this.chosenTo,
        "G2",
        () => `${showBallot(ballot)} proposes slot ${slot} above a change in slot ${below} that is not chosen`,
      );
    }
    if (entry.origin === ballot && (entry.anchored || entry.kind === "members")) {
      hold(
        slot - 1 <= this.chosenTo,
        entry.kind === "members" ? "G3" : "O1",
        () => `${showBallot(ballot)} anchors slot ${slot}, which lies above what is chosen`,
      );
    }
    if (entry.kind === "noop" && entry.origin === ballot) this.met("no-op");
    if (entry.origin !== ballot) this.met("re-proposal");
    const quorum = this.governing(slot).quorum;
    const promises = this.promises.get(ballot) ?? new Map<string, Promised>();
    /** Who speaks for the slot, by bit, and the highest ballot it reported there; 0: none. */
    const told = new Map<number, Ballot>();
    let proposedIn: Ballot = 0;
    const tells = (bit: number, vote: { ballot: Ballot; value: string } | null): void => {
      if (bit > 0) told.set(bit, vote?.ballot ?? 0);
      if (vote !== null && vote.value === valueOf(entry)) proposedIn = Math.max(proposedIn, vote.ballot);
    };
    quorum.voters.forEach((voter, index) => {
      if (keyOf(voter) !== keyOf(seen.member) || seen.doubtful.has(slot)) return;
      const preparedAt = seen.prepared.get(ballot) ?? 0;
      let own: Recorded | null = null;
      for (const one of seen.recorded.get(slot) ?? [])
        if (one.at < preparedAt && one.ballot < ballot && (own === null || one.ballot > own.ballot)) own = one;
      tells(1 << index, own);
    });
    for (const [key, promise] of promises) {
      const index = quorum.voters.findIndex((voter) => keyOf(voter) === key);
      const faulty = promise.faulty.has(slot);
      const speaks = index >= 0 && promise.pageFrom > SLOT_MAX && !faulty && promise.chosenTo < slot;
      const vote = promise.votes.get(slot) ?? null;
      const before = vote === null || vote.ballot >= ballot ? null : { ballot: vote.ballot, value: valueOf(vote) };
      tells(speaks ? 1 << index : 0, before);
    }
    hold(
      quorum.prepare([...told.keys()].reduce((bits, bit) => bits | bit, 0)),
      "B3",
      () => `${showBallot(ballot)} proposes slot ${slot} without a promised quorum of the set that governs it`,
    );
    // Some quorum reported nothing above the ballot that the value comes from: later promises may be left unread.
    const below = [...told].filter(([, reported]) => reported <= proposedIn);
    hold(
      quorum.prepare(below.reduce((bits, [bit]) => bits | bit, 0)),
      "B3",
      () =>
        `${showBallot(ballot)} proposes "${valueOf(entry)}" in slot ${slot}, every quorum told of a vote in a higher ballot`,
    );
  }

  private isQuorum(slot: number, votes: Votes): boolean {
    const { quorum } = this.governing(slot);
    let bits = 0;
    quorum.voters.forEach((voter, index) => {
      if (votes.voters.has(keyOf(voter))) bits |= 1 << index;
    });
    return quorum.accept(bits);
  }

  private prepared(seen: Seen, ballot: Ballot): void {
    if (!seen.prepared.has(ballot)) seen.prepared.set(ballot, this.at);
  }

  /** `message` of `from` reaches `node` now. */
  delivered(node: number, from: { node: number; incarnation: number }, message: Message): void {
    this.at++;
    const seen = this.nodes.get(node)!;
    if (message.kind === "prepare") this.prepared(seen, message.ballot);
    if (message.kind !== "promise" || nodeOf(message.ballot) !== node) return;
    const promises = this.promises.get(message.ballot) ?? new Map<string, Promised>();
    this.promises.set(message.ballot, promises);
    const key = keyOf(from);
    const promise: Promised = promises.get(key) ?? {
      pageFrom: message.slotFrom,
      chosenTo: 0,
      votes: new Map<number, Entry>(),
      faulty: new Set<number>(),
    };
    promises.set(key, promise);
    if (message.slotFrom !== promise.pageFrom) {
      // Asked anew, from another slot on: a leader leaves promises unread that it does not need yet.
      if (promise.pageFrom > SLOT_MAX) return;
      promise.pageFrom = message.slotFrom;
    }
    promise.chosenTo = Math.max(promise.chosenTo, message.chosenTo);
    for (const vote of message.votes) promise.votes.set(vote.slot, vote);
    for (const slot of message.faulty) promise.faulty.add(slot);
    promise.pageFrom = message.slotTo >= SLOT_MAX ? SLOT_MAX + 1 : message.slotTo + 1;
  }

  /** A checkpoint or snapshot of `node` covers everything to `slot`. */
  covered(node: number, slot: number, installed: boolean): void {
    const seen = this.nodes.get(node)!;
    hold(slot <= this.chosenTo, "E2", () => `node ${node}: a checkpoint at ${slot}, chosen is ${this.chosenTo}`);
    seen.base = Math.max(seen.base, slot);
    if (installed) {
      seen.handedTo = Math.max(seen.handedTo, slot);
      seen.chosenTo = Math.max(seen.chosenTo, slot);
    }
  }

  /** C3 and O1, over the whole log: at the end of a run. */
  whole(): void {
    let standing = FIRST_STANDING;
    for (let slot = 1; slot <= this.chosenTo; slot++) {
      const entry = this.log[slot - 1]!;
      const { quorum } = this.governing(slot);
      let lack = 0;
      quorum.voters.forEach((voter, index) => {
        const seen = this.nodes.get(voter.node);
        if (seen === undefined || seen.member.incarnation !== voter.incarnation) return;
        const held = seen.durableVotes.get(slot);
        if (seen.base < slot && (held === undefined || held.value !== valueOf(entry))) lack |= 1 << index;
      });
      hold(!quorum.prepare(lack), "C3", () => `slot ${slot}: a prepare quorum holds nothing of the chosen value`);
      const after = standingAfter(standing, entry);
      if (entry.kind === "batch" && after.carries) {
        const past = this.proposals.get(entry.origin)?.get(slot - 1);
        hold(
          past === undefined || valueOf(past) === valueOf(this.log[slot - 2]!),
          "O1",
          () => `slot ${slot} counts on top of another past than the one that ${showBallot(entry.origin)} proposed`,
        );
      } else if (entry.kind === "batch") this.met("void batch");
      standing = after;
    }
  }
}

function sameVoters(one: Members, other: Members): boolean {
  return one.voters.map(keyOf).join() === other.voters.map(keyOf).join();
}
