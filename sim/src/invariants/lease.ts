import type { FramePart, PeerMessage } from "@quorate/log";
import { type Heartbeat, type Output, type Resign, showBallot, type Speaker } from "@quorate/paxos";
import type { GhostNode } from "../ghost/ghost-node.ts";
import { Checker } from "./checker.ts";

/** Differences of clocks below this are rounding. */
const ROUNDING_MS = 0.01;

interface Lease {
  readonly ballot: number;
  /** On the clock of its node. */
  readonly untilMs: number;
  /** How often the machine had slept: a clock that stood still tells nothing until the node looked at it. */
  readonly sleeps: number;
}

/** What a node granted, at least. */
interface Grant {
  readonly ballot: number;
  readonly incarnation: number;
  /** On the clock of its node, which outlives its processes. */
  readonly untilMs: number;
}

/** Ballots whose rounds are kept for each node. An old copy of a disk may lead in a higher one, unheeded, while the leader goes on. */
const BALLOTS_KEPT = 4;

/** H1, H4 and H5: one lease at a time, by true time; a grant binds; and a lease ends before the grants that it rests on. */
export class LeaseChecker extends Checker {
  readonly #leases = new Map<number, Lease>();
  readonly #grants = new Map<number, Grant>();
  /** When the rounds of a ballot first reached a node, on its clock: by node, ballot and round. */
  readonly #reached = new Map<number, Map<number, number[]>>();
  /** Ballots in which leaders gave their leases back, as nodes heard: by node and ballot. */
  readonly #givenBack = new Set<string>();
  /** How often the machine of a leader had slept as its ballot first had a lease. */
  readonly #sleptBefore = new Map<number, number>();

  override processStarted(end: number): void {
    this.#leases.delete(end);
  }

  override processDied(end: number): void {
    this.#leases.delete(end);
  }

  override powerLost(node: number): void {
    this.#leases.delete(node);
  }

  // ── what is granted, by answering a heartbeat ──

  override frameDelivered(_frame: number, _from: number, to: number, parts: readonly FramePart[]): void {
    for (const { message } of parts) {
      if (message.kind === "heartbeat") this.#reaches(to, message);
      else if (message.kind === "resign") this.#givesBack(to, message);
    }
  }

  #reaches(id: number, { ballot, round }: Heartbeat): void {
    if ((this.ghost.node(id).governing?.members.leaseMs ?? 0) === 0) return;
    let ballots = this.#reached.get(id);
    if (ballots === undefined) this.#reached.set(id, (ballots = new Map()));
    let atMs = ballots.get(ballot);
    if (atMs === undefined) {
      ballots.set(ballot, (atMs = []));
      if (ballots.size > BALLOTS_KEPT) ballots.delete(Math.min(...ballots.keys()));
    }
    atMs[round] ??= this.ghost.run.clockMs(id);
  }

  #givesBack(id: number, { ballot }: Resign): void {
    this.#givenBack.add(`${id} ${ballot}`);
    if (this.#grants.get(id)?.ballot === ballot) this.#grants.delete(id);
  }

  override said(node: GhostNode, { incarnation }: Speaker, message: PeerMessage): void {
    switch (message.kind) {
      case "prepare":
      case "promise":
      case "accepted":
        return this.#isFree(node, message.kind, message.ballot);
      case "heartbeat-answer":
        this.#isFree(node, message.kind, message.ballot);
        if (message.grantedMs > 0) this.#grantsIn(node, incarnation, message.ballot, message.round, message.grantedMs);
        return;
      default:
        return;
    }
  }

  #grantsIn({ id }: GhostNode, incarnation: number, ballot: number, round: number, forMs: number): void {
    const fromMs = this.#reached.get(id)?.get(ballot)?.[round];
    if (fromMs === undefined || this.#givenBack.has(`${id} ${ballot}`)) return;
    const before = this.#grants.get(id);
    const beforeMs = before?.ballot === ballot && before.incarnation === incarnation ? before.untilMs : -Infinity;
    this.#grants.set(id, { ballot, incarnation, untilMs: Math.max(beforeMs, fromMs + forMs) });
  }

  /** H4. */
  #isFree(node: GhostNode, kind: string, ballot: number): void {
    const grant = this.#grants.get(node.id);
    if (grant === undefined || ballot <= grant.ballot || grant.incarnation !== node.member.incarnation) return;
    const leftMs = grant.untilMs - this.ghost.run.clockMs(node.id);
    if (leftMs <= ROUNDING_MS) {
      this.#grants.delete(node.id);
      return;
    }
    if (this.#isLedAbove(grant.ballot, ballot)) return;
    const granted = `its grant to ballot ${showBallot(grant.ballot)} lasts for ${leftMs.toFixed(3)} ms more`;
    this.report("H4", `node ${node.id} sends ${kind} of ballot ${showBallot(ballot)}, but ${granted}`);
  }

  /**
   * Something is chosen in a ballot above `granted`, up to `ballot`: whoever promised that one is past its grant to the lower one and makes it no other, so no quorum grants that any more, and
   * what a single node granted it is void. That node may have learned what was chosen since it made the grant, and have started again; then it follows at once.
   */
  #isLedAbove(granted: number, ballot: number): boolean {
    for (const [led, { hasChosen }] of this.ghost.ballots) if (led > granted && led <= ballot && hasChosen) return true;
    return false;
  }

  // ── who believes in a lease ──

  override outputOf(node: GhostNode, output: Output, clockMs: number): void {
    const { leaseUntilMs, opening } = output;
    if (leaseUntilMs <= clockMs) {
      if (this.#leases.size > 0) this.#leases.delete(node.id);
      return;
    }
    if (this.#leases.get(node.id)?.untilMs === leaseUntilMs) return;
    this.#isAlone(node, leaseUntilMs - clockMs, opening);
    this.#isGranted(node, output);
    this.#leases.set(node.id, { ballot: opening, untilMs: leaseUntilMs, sleeps: this.ghost.run.sleeps(node.id) });
  }

  /** H1. Whether another believes is asked by its own clock, now. */
  #isAlone(node: GhostNode, forMs: number, opening: number): void {
    const { run } = this.ghost;
    for (const [other, lease] of this.#leases) {
      if (other === node.id || run.sleeps(other) !== lease.sleeps) continue;
      const leftMs = lease.untilMs - run.clockMs(other);
      // A grantor that keeps no time may have given both of them theirs.
      if (leftMs <= 0 || !this.ghost.allKeepTime()) continue;
      const one = `node ${node.id} believes to hold the lease in ballot ${showBallot(opening)} for ${forMs.toFixed(3)} ms more`;
      this.report(
        "H1",
        `${one}, and node ${other} in ballot ${showBallot(lease.ballot)} for ${leftMs.toFixed(3)} ms, each by its own clock`,
      );
    }
  }

  /** H5. The leader itself is bound as long as it believes. */
  #isGranted({ id, member }: GhostNode, { leaseUntilMs, opening, governing }: Output): void {
    const { run, log } = this.ghost;
    if (!this.#sleptBefore.has(opening)) this.#sleptBefore.set(opening, run.sleeps(id));
    if (run.sleeps(id) !== this.#sleptBefore.get(opening) || !run.keepsTime(id)) return;
    const leftMs = (node: number, untilMs: number): number => (untilMs - run.clockMs(node)) / run.clockRate(node);
    const lasts = leftMs(id, leaseUntilMs);
    const { quorum } = log.governing(governing.slot + 1);
    let bits = quorum.bit(id, member.incarnation);
    const told: string[] = [];
    for (const { node, incarnation } of quorum.voters) {
      if (node === id) continue;
      const grant = this.#grants.get(node);
      const isIts = grant !== undefined && grant.ballot === opening && grant.incarnation === incarnation;
      const grantMs = isIts ? leftMs(node, grant.untilMs) : -Infinity;
      if (!run.keepsTime(node) || grantMs >= lasts - ROUNDING_MS) bits |= quorum.bit(node, incarnation);
      told.push(isIts ? `that of node ${node} lasts for ${grantMs.toFixed(3)} ms` : `node ${node} granted none`);
    }
    if (quorum.accept(bits)) return;
    const one = `node ${id} believes to hold the lease in ballot ${showBallot(opening)} for ${lasts.toFixed(3)} ms more`;
    this.report("H5", `${one} of true time, but of the grants ${told.join(", ")}`);
  }

  /** Whether anybody believes to hold a lease, by its own clock. */
  isLeased(): boolean {
    for (const [node, { untilMs }] of this.#leases) if (untilMs > this.ghost.run.clockMs(node)) return true;
    return false;
  }
}
