import type { PeerMessage } from "@quorate/log";
import type { ReadLevel } from "@quorate/machine";
import { type Output, showBallot, type Speaker } from "@quorate/paxos";
import type { GhostNode } from "../ghost/ghost-node.ts";
import type { CallKind } from "../world/observer.ts";
import { Checker } from "./checker.ts";

interface Lease {
  readonly ballot: number;
  /** On the clock of its node. */
  readonly untilMs: number;
  /** How often the machine had slept: a clock that stood still tells nothing until the node looked at it. */
  readonly sleeps: number;
}

interface Acknowledged {
  readonly call: number;
  readonly client: number;
  readonly revision: number;
}

interface OpenRead {
  readonly least: Acknowledged;
  readonly level: ReadLevel;
  /** Somebody believed to hold the lease when it was asked. */
  readonly underLease: boolean;
}

const NOTHING: Acknowledged = { call: 0, client: 0, revision: 0 };

/** H1 to H3: one lease at a time by true time, no read older than what was acknowledged before it, none before the leader is sure of itself. */
export class ReadChecker extends Checker {
  readonly #leases = new Map<number, Lease>();
  readonly #reads = new Map<number, OpenRead>();
  #highest: Acknowledged = NOTHING;
  readonly #writes = new Set<number>();

  override processStarted(end: number): void {
    this.#leases.delete(end);
  }

  override processDied(end: number): void {
    this.#leases.delete(end);
  }

  override powerLost(node: number): void {
    this.#leases.delete(node);
  }

  override outputOf(node: GhostNode, output: Output, clockMs: number): void {
    this.#believes(node, output, clockMs);
    if (output.opening === 0) return;
    for (const { bound } of output.reads) if (bound >= 0) this.#isSure(node, output.opening, bound);
  }

  /** H1. Whether another believes is asked by its own clock, now. */
  #believes(node: GhostNode, { leaseUntilMs, opening }: Output, clockMs: number): void {
    if (leaseUntilMs <= clockMs) {
      if (this.#leases.size > 0) this.#leases.delete(node.id);
      return;
    }
    const { run } = this.ghost;
    for (const [other, lease] of this.#leases) {
      if (other === node.id || run.sleeps(other) !== lease.sleeps || !run.keepsTime(other) || !run.keepsTime(node.id))
        continue;
      const leftMs = lease.untilMs - run.clockMs(other);
      if (leftMs <= 0) continue;
      const one = `node ${node.id} believes to hold the lease in ballot ${showBallot(opening)} for ${(leaseUntilMs - clockMs).toFixed(3)} ms more`;
      this.report(
        "H1",
        `${one}, and node ${other} in ballot ${showBallot(lease.ballot)} for ${leftMs.toFixed(3)} ms, each by its own clock`,
      );
    }
    this.#leases.set(node.id, { ballot: opening, untilMs: leaseUntilMs, sleeps: run.sleeps(node.id) });
  }

  #isLeased(): boolean {
    for (const [node, { untilMs }] of this.#leases) if (untilMs > this.ghost.run.clockMs(node)) return true;
    return false;
  }

  /** H3. */
  #isSure(node: GhostNode, ballot: number, bound: number): void {
    if (this.ghost.ballots.get(ballot)?.hasChosen === true) return;
    const why = `nothing that it proposed in ballot ${showBallot(ballot)} is chosen`;
    this.report("H3", `node ${node.id} answers a read with the bound ${bound}, but ${why}`);
  }

  override said(node: GhostNode, _speaker: Speaker, message: PeerMessage): void {
    if (message.kind === "read-bound" && message.bound >= 0) this.#isSure(node, node.opening, message.bound);
  }

  override callInvoked(_client: number, call: number, kind: CallKind, _machine: string, level: ReadLevel | null): void {
    if (kind === "call") this.#writes.add(call);
    if (level !== "linearizable" && level !== "lease") return;
    this.#reads.set(call, { least: this.#highest, level, underLease: level === "lease" && this.#isLeased() });
  }

  /** H2. */
  override callAnswered(client: number, call: number, revision: number): void {
    if (this.#writes.delete(call) && revision > this.#highest.revision) this.#highest = { call, client, revision };
    const read = this.#reads.get(call);
    if (read === undefined) return;
    this.#reads.delete(call);
    const { least, level, underLease } = read;
    if (underLease && !this.#isLeased()) this.coverage.hit("read lease expired while reading");
    if (revision >= least.revision) return;
    const before = `call ${least.call} of client ${least.client} was acknowledged at revision ${least.revision} before it began`;
    this.report("H2", `${level} read ${call} of client ${client} shows revision ${revision}; ${before}`);
  }

  override callFailed(_client: number, call: number): void {
    this.#reads.delete(call);
    this.#writes.delete(call);
  }
}
