import type { AcceptPhase } from "./accept-phase.ts";
import type { Core } from "./core.ts";
import { usableMs } from "./lease.ts";
import type { Member } from "./members.ts";
import type { HeartbeatAnswer } from "./message.ts";
import type { Peer } from "./peers.ts";
import type { WaitingRead } from "./read-index.ts";

/**
 * The heartbeats of one ballot, in numbered rounds, and what their answers prove: that a quorum hears the leader (rule 21),
 * that it still leads after a read arrived (rule 18), and how long nobody else can (rule 19).
 */
export class HeartbeatRounds {
  private round = 0;
  /** The last round that time, not a read, began. */
  private timerRound = 0;
  private dueMs = 0;
  /** When each round that may still grant a lease left. */
  private readonly sentMs = new Map<number, number>();
  /** Grants of rounds up to then are void; Infinity: there is no lease in this ballot any more. */
  private leaseVoidMs = -Infinity;
  private readonly core: Core;

  constructor(core: Core) {
    this.core = core;
  }

  /** The ballot leads from now on. */
  start(): void {
    this.dueMs = this.core.nowMs;
  }

  /** Whether it is time for a round, or a read waits for one. */
  get isDue(): boolean {
    return this.core.nowMs >= this.dueMs || this.core.reads.needsRound;
  }

  /** Begins a round when it is time or a read waits; every read that arrived goes along. */
  beat(accepts: AcceptPhase): void {
    const { core } = this;
    if (!this.isDue) return;
    this.round++;
    if (core.nowMs >= this.dueMs) {
      this.timerRound = this.round;
      this.dueMs = core.nowMs + core.config.heartbeatMs;
    }
    core.reads.roundBegins(this.round);
    this.grantOwn(accepts);
    core.send(core.others(), {
      kind: "heartbeat",
      ballot: accepts.ballot,
      round: this.round,
      startSlot: accepts.startSlot,
      ackFrom: accepts.ackFrom,
      ackTo: core.learner.chosenTo,
      chosenTo: core.learner.chosenTo,
    });
    this.confirmReads();
  }

  /** The leader's own grant takes the same way as anybody's. */
  private grantOwn({ ballot }: AcceptPhase): void {
    const { core } = this;
    const { leaseMs } = core.learner.governing.members;
    if (leaseMs === 0) return;
    this.sentMs.set(this.round, core.nowMs);
    for (const [round, sentMs] of this.sentMs) {
      if (sentMs >= core.nowMs - leaseMs) break;
      this.sentMs.delete(round);
    }
    core.grants.grant(ballot, core.config.incarnation, core.nowMs, leaseMs);
    if (leaseMs > core.grants.longestMs) {
      core.grants.longestMs = leaseMs;
      core.durability.record({ kind: "lease", leaseMsMax: leaseMs });
    }
  }

  /** Whether that round was begun. */
  has(round: number): boolean {
    return round <= this.round;
  }

  /** Returns whether that answers the last round that time began. */
  answered(peer: Peer, message: HeartbeatAnswer): boolean {
    peer.answeredMs = this.core.nowMs;
    if (message.round > peer.round) peer.round = message.round;
    const sentMs = this.sentMs.get(message.round);
    if (message.grantedMs > 0 && sentMs !== undefined && sentMs > peer.grantSentMs) {
      peer.grantSentMs = sentMs;
      peer.grantMs = message.grantedMs;
    }
    return message.round === this.timerRound;
  }

  /** Whether quorums of both kinds answered lately. */
  connected(): boolean {
    const { nowMs, config, learner, peers } = this.core;
    let answered = 0;
    const { voters } = learner.quorum;
    for (let index = 0; index < voters.length; index++) {
      const voter = voters[index]!;
      const sinceMs = this.isSelf(voter) ? 0 : nowMs - peers.of(voter.node, voter.incarnation).answeredMs;
      if (sinceMs < config.heartbeatMs * 2) answered |= 1 << index;
    }
    return learner.quorum.accept(answered) && learner.quorum.prepare(answered);
  }

  confirmReads(): void {
    const { core } = this;
    if (core.reads.waiting.length === 0) return;
    const confirmed = this.bestOf((peer) => peer.round, this.round);
    for (const read of core.reads.confirmed(confirmed)) this.answerRead(read);
  }

  private answerRead({ token, node, life, bound }: WaitingRead): void {
    this.core.events.push({ kind: "read-confirmed", token, bound });
    if (node === 0) this.core.reads.answer(token, bound, Infinity);
    else this.core.send([node], { kind: "read-bound", life, token, bound });
  }

  /** Until when an open leader may use its lease; −Infinity: there is none. */
  leaseUntilMs(): number {
    const { core } = this;
    const { leaseMs } = core.learner.governing.members;
    if (leaseMs === 0 || this.leaseVoidMs === Infinity || core.durability.durable.leaseMsMax < leaseMs)
      return -Infinity;
    const sentMs = this.bestOf((peer) => (peer.grantMs >= leaseMs ? peer.grantSentMs : -Infinity), core.nowMs);
    return sentMs <= this.leaseVoidMs ? -Infinity : sentMs + usableMs(leaseMs, core.config.drift);
  }

  /** The machine slept or a clock jumped: only rounds begun afterwards grant anything (rule 26). */
  suspended(): void {
    this.leaseVoidMs = Math.max(this.leaseVoidMs, this.core.nowMs);
  }

  /** For good, in this ballot: before a transfer (rule 19). */
  giveUpLease(): void {
    this.leaseVoidMs = Infinity;
  }

  /** The greatest value that an accept quorum has reached; such a quorum meets every prepare quorum. */
  private bestOf(reachedBy: (peer: Peer) => number, own: number): number {
    const { core } = this;
    const { quorum } = core.learner;
    const reached = quorum.voters.map((voter) =>
      this.isSelf(voter) ? own : reachedBy(core.peers.of(voter.node, voter.incarnation)),
    );
    let best = -Infinity;
    for (const candidate of reached) {
      if (candidate <= best) continue;
      let votes = 0;
      for (let index = 0; index < reached.length; index++) if (reached[index]! >= candidate) votes |= 1 << index;
      if (quorum.accept(votes)) best = candidate;
    }
    return best;
  }

  private isSelf({ node, incarnation }: Member): boolean {
    return node === this.core.config.self && incarnation === this.core.config.incarnation;
  }
}
