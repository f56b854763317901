import type { FramePart, PeerMessage } from "@quorate/log";
import type { ReadLevel } from "@quorate/machine";
import { type HeartbeatAnswer, type Output, showBallot, type Speaker } from "@quorate/paxos";
import type { Coverage } from "../coverage/sometimes.ts";
import type { Ghost } from "../ghost/ghost.ts";
import type { GhostNode } from "../ghost/ghost-node.ts";
import type { CallKind } from "../world/observer.ts";
import { Checker, type Report } from "./checker.ts";
import type { LeaseChecker } from "./lease.ts";

/** A write or a linearizable read that was answered: nothing linearizable that begins later may be older. */
interface Answered {
  readonly call: number;
  readonly client: number;
  readonly revision: number;
}

interface OpenRead {
  readonly least: Answered;
  readonly level: ReadLevel;
  /** Somebody believed to hold the lease when it was asked. */
  readonly underLease: boolean;
}

const NOTHING: Answered = { call: 0, client: 0, revision: 0 };

/** The rounds of heartbeats that a leader began in its ballot, and who answered. Moments are counted in what this checker was told. */
interface Rounds {
  readonly ballot: number;
  readonly life: number;
  /** When each round left, by round. */
  readonly sentAt: number[];
  /** When the latest round left that each node answered. */
  readonly answered: Map<number, { readonly incarnation: number; readonly sentAt: number }>;
}

/**
 * H2, H3, H6 and H7: no read older than a write or linearizable read that was answered before it, none before the leader is sure of itself, each confirmed by a quorum after
 * it came, and answered from a state that covers its bound.
 */
export class ReadChecker extends Checker {
  readonly #leases: LeaseChecker;
  readonly #reads = new Map<number, OpenRead>();
  #highest: Answered = NOTHING;
  readonly #writes = new Set<number>();
  #moment = 0;
  readonly #rounds = new Map<number, Rounds>();
  /** When reads came to the node that is to confirm them, by the name that `askedOf` gives them. */
  readonly #asked = new Map<string, number>();
  /** Slots of the sets of members that governed each node as its last turn began and as it ended: reads may be confirmed before a change of that turn. */
  readonly #sets = new Map<number, { readonly before: number; readonly slot: number }>();

  constructor(leases: LeaseChecker, ghost: Ghost, report: Report, coverage: Coverage) {
    super(ghost, report, coverage);
    this.#leases = leases;
  }

  override outputOf(node: GhostNode, { opening, reads, governing: { slot } }: Output): void {
    this.#sets.set(node.id, { before: this.#sets.get(node.id)?.slot ?? slot, slot });
    for (const { token, bound, validUntilMs } of reads) {
      const asked = this.#take(askedOf(node.id, node.id, node.life, token));
      if (opening === 0 || bound < 0) continue;
      this.#isSure(node, opening, bound);
      if (validUntilMs === Infinity) this.#isConfirmed(node, opening, asked, bound);
    }
  }

  /** H3. */
  #isSure(node: GhostNode, ballot: number, bound: number): void {
    if (this.ghost.hasChosen(ballot, bound)) return;
    const why = `nothing that it proposed in ballot ${showBallot(ballot)} and that the bound covers is chosen`;
    this.report("H3", `node ${node.id} answers a read with the bound ${bound}, but ${why}`);
  }

  override readsAsked(id: number, token: number): void {
    this.#moment += 1;
    this.#asked.set(askedOf(id, id, this.ghost.node(id).life, token), this.#moment);
  }

  override frameDelivered(_frame: number, _from: number, to: number, parts: readonly FramePart[]): void {
    for (const { speaker, message } of parts) {
      if (message.kind === "heartbeat-answer") this.#answers(to, speaker, message);
      else if (message.kind === "read-request") {
        const asked = askedOf(to, speaker.node, speaker.life, message.token);
        this.#moment += 1;
        if (!this.#asked.has(asked)) this.#asked.set(asked, this.#moment);
      } else if (message.kind === "read-bound") {
        // Another node has confirmed it.
        this.#asked.delete(askedOf(to, to, message.life, message.token));
      }
    }
  }

  #answers(leader: number, { node, incarnation }: Speaker, { ballot, life, round }: HeartbeatAnswer): void {
    const rounds = this.#rounds.get(leader);
    if (rounds?.ballot !== ballot || rounds.life !== life) return;
    const sentAt = rounds.sentAt[round] ?? 0;
    if (sentAt > (rounds.answered.get(node)?.sentAt ?? 0)) rounds.answered.set(node, { incarnation, sentAt });
  }

  override messageSent(id: number, _speaker: Speaker, to: readonly number[], message: PeerMessage): void {
    const node = this.ghost.node(id);
    if (message.kind === "heartbeat") {
      let rounds = this.#rounds.get(id);
      if (rounds?.ballot !== message.ballot || rounds.life !== node.life) {
        rounds = { ballot: message.ballot, life: node.life, sentAt: [], answered: new Map() };
        this.#rounds.set(id, rounds);
      }
      this.#moment += 1;
      rounds.sentAt[message.round] = this.#moment;
    } else if (message.kind === "read-bound") {
      const asked = this.#take(askedOf(id, to[0]!, message.life, message.token));
      if (message.bound < 0) return;
      const ballot = this.#ballotOf(node);
      this.#isSure(node, ballot, message.bound);
      this.#isConfirmed(node, ballot, asked, message.bound);
    }
  }

  /** The ballot that a node answers reads in: it may have resigned in the very turn in which they were confirmed. */
  #ballotOf({ id, opening, life }: GhostNode): number {
    if (opening !== 0) return opening;
    const rounds = this.#rounds.get(id);
    return rounds?.life === life ? rounds.ballot : 0;
  }

  #take(asked: string): number {
    const moment = this.#asked.get(asked) ?? 0;
    this.#asked.delete(asked);
    return moment;
  }

  /** H6. `asked`: when the read came; 0: it is not known. */
  #isConfirmed(node: GhostNode, ballot: number, asked: number, bound: number): void {
    if (ballot === 0 || asked === 0) return;
    const { before, slot } = this.#sets.get(node.id) ?? { before: 0, slot: 0 };
    if (this.#confirms(slot, node, ballot, asked)) return;
    if (before !== slot && this.#confirms(before, node, ballot, asked)) return;
    const after = this.#answersAfter(node, ballot, asked).map(([other]) => other);
    const by = after.length === 0 ? "nobody" : `nodes ${after.join(", ")} only`;
    const what = `node ${node.id} answers a read with the bound ${bound} in ballot ${showBallot(ballot)}`;
    this.report("H6", `${what}, and of the rounds that it began after the read came ${by} answered one`);
  }

  /** Whether a quorum of the set of `setSlot` answered. */
  #confirms(setSlot: number, node: GhostNode, ballot: number, asked: number): boolean {
    const { quorum } = this.ghost.log.governing(setSlot + 1);
    // In the turn in which it confirms a read it may promise a higher ballot after that.
    let bits = node.promisedBefore === ballot ? quorum.bit(node.id, node.member.incarnation) : 0;
    for (const [other, incarnation] of this.#answersAfter(node, ballot, asked)) bits |= quorum.bit(other, incarnation);
    return quorum.accept(bits);
  }

  /** Who answered a round of the ballot that began after that moment: nodes and incarnations. */
  #answersAfter({ id }: GhostNode, ballot: number, asked: number): (readonly [node: number, incarnation: number])[] {
    const after: (readonly [number, number])[] = [];
    const rounds = this.#rounds.get(id);
    if (rounds?.ballot !== ballot) return after;
    for (const [other, { incarnation, sentAt }] of rounds.answered) {
      if (sentAt >= asked) after.push([other, incarnation]);
    }
    return after;
  }

  /** H7. */
  override readsAnswered(id: number, bound: number, validUntilMs: number): void {
    const { appliedTo } = this.ghost.node(id);
    if (bound > appliedTo) {
      this.report("H7", `node ${id} answers a read of the bound ${bound} from the state after slot ${appliedTo}`);
    }
    const overMs = this.ghost.run.clockMs(id) - validUntilMs;
    if (overMs > 0) {
      this.report(
        "H7",
        `node ${id} answers a read under a lease that ended ${overMs.toFixed(3)} ms ago by its own clock`,
      );
    }
  }

  override callInvoked(_client: number, call: number, kind: CallKind, _machine: string, level: ReadLevel | null): void {
    if (kind === "call") this.#writes.add(call);
    if (level !== "linearizable" && level !== "lease") return;
    this.#reads.set(call, { least: this.#highest, level, underLease: level === "lease" && this.#leases.isLeased() });
  }

  /** H2. */
  override callAnswered(client: number, call: number, revision: number): void {
    const read = this.#reads.get(call);
    const isBound = this.#writes.delete(call) || read?.level === "linearizable";
    if (isBound && revision > this.#highest.revision) this.#highest = { call, client, revision };
    if (read === undefined) return;
    this.#reads.delete(call);
    const { least, level, underLease } = read;
    if (underLease && !this.#leases.isLeased()) this.coverage.hit("read lease expired while reading");
    if (revision >= least.revision || (level === "lease" && !this.ghost.allKeepTime())) return;
    const before = `call ${least.call} of client ${least.client} was answered at revision ${least.revision} before it began`;
    this.report("H2", `${level} read ${call} of client ${client} shows revision ${revision}; ${before}`);
  }

  override callFailed(_client: number, call: number): void {
    this.#reads.delete(call);
    this.#writes.delete(call);
  }
}

/** Names a read: where it is to be confirmed, who asked there in which life of its process, under which token. */
function askedOf(at: number, by: number, life: number, token: number): string {
  return `${at} ${by} ${life} ${token}`;
}
