import { type FramePart, LOG_LIMITS, type PeerMessage, SNAPSHOT_DEFAULTS, WAL_DEFAULTS } from "@quorate/log";
import { type Member, type Members, type Output, showBallot, type Speaker } from "@quorate/paxos";
import type { GhostNode } from "../ghost/ghost-node.ts";
import { Checker } from "./checker.ts";

/**
 * Ballots that a healed core may prepare, for each of its nodes, however long it takes: the one that it campaigned in at that moment; one more, if all that were told to begin at once outbid
 * each other, of which the highest leads, since whoever promised it waits for longer than two syncs; and one for an orderly end of that lead, by the operator or by a change of members.
 */
const BALLOTS_PER_NODE_MAX = 3;
/**
 * For how long a healed core may be without an open leader whom all its members name, beside the longest lease that anybody may have granted: processes
 * start and read their disks, an election takes up to four election timeouts, and whoever wins it learns what others know to be chosen. Whose vote is needed may wait for the rest of
 * a snapshot of a peer that is gone before it takes that of another.
 */
const LEADERLESS_MS_MAX = 5000 + SNAPSHOT_DEFAULTS.giveUpMs;
/** Frames that a healed core sends per second and link beside those that carry entries: ticks are the most it takes turns at. */
const FRAMES_PER_SECOND_MAX = (2 * 1000) / LOG_LIMITS.tickMs;
/** Entries that were chosen after healing may cost so many messages for each peer. */
const MESSAGES_PER_ENTRY_MAX = 12;
/** A part of a snapshot is asked for, and comes. Whoever asks for one, or gives it, again does so at the cost of all else. */
const MESSAGES_PER_PART = 2;

/** A write unit of one entry, beside its value. */
const UNIT_BYTES_MAX = 2048;
/** In use, about to go, made ahead, and kept for use again. */
const SEGMENTS_BESIDE = 8 + WAL_DEFAULTS.recycledMax;

/** What a node keeps when all is done. */
export interface Kept {
  readonly node: number;
  /** Of its log. */
  readonly walBytes: number;
  /** Commands and batches. */
  readonly waiting: number;
}

/** K1 to K3: once healed, a core is led soon and wastes no ballots, nor does anybody who was left behind; it says and keeps no more than its work asks for. */
export class LivenessChecker extends Checker {
  #core: readonly number[] = [];
  #healedMs = 0;
  /**
   * When the core was last seen to have an open leader whom all its members name, or to bring up somebody by a snapshot, who may have to vote before
   * anybody is open; when it was healed, if neither was since.
   */
  #ledMs = 0;
  #chosenAtHealing = 0;
  readonly #ballots = new Set<number>();
  /** The first ballot that each node prepared that was left behind. */
  readonly #ballotsBehind = new Map<number, number>();
  #messages = 0;
  /** Parts of snapshots that were given after healing: to whom, of which slot, from which byte on. */
  readonly #parts = new Set<string>();

  override healed(core: readonly number[]): void {
    this.#core = core;
    this.#healedMs = this.ghost.nowMs;
    this.#ledMs = this.#healedMs;
    this.#chosenAtHealing = this.ghost.log.chosenTo;
  }

  /** K1, as far as it is soon to be seen: somebody leads, and all agree on who. */
  override outputOf({ id }: GhostNode, { opening, governing }: Output): void {
    if (this.#core.length === 0) return;
    const { nowMs } = this.ghost;
    if (opening > 0 && this.#core.includes(id) && this.#isNamed(id, governing.members)) this.#ledMs = nowMs;
    else if (nowMs - this.#ledMs > LEADERLESS_MS_MAX) this.#isLeaderless(nowMs - this.#ledMs);
  }

  /** By all members of the core whose processes run. */
  #isNamed(leader: number, { voters, nonVoters }: Members): boolean {
    const names = ({ node, incarnation }: Member): boolean => {
      if (node === leader || !this.#core.includes(node)) return true;
      const { member, alive, leader: named } = this.ghost.node(node);
      return named === leader || !alive || member.incarnation !== incarnation;
    };
    return voters.every(names) && nonVoters.every(names);
  }

  #isLeaderless(forMs: number): void {
    let leaseMsMax = 0;
    for (const { everHeld } of this.ghost.nodes()) leaseMsMax = Math.max(leaseMsMax, everHeld.leaseMsMax);
    if (forMs <= LEADERLESS_MS_MAX + leaseMsMax) return;
    const core = this.#core.map((id) => this.ghost.node(id));
    const nodes = core.map(
      ({ id, leader, opening, promised }) =>
        `node ${id} has promised ${showBallot(promised)}, is open in ${showBallot(opening)}, and names ${leader}`,
    );
    this.report(
      "K1",
      `for ${forMs.toFixed(0)} ms the healed core has no open leader whom all name: ${nodes.join("; ")}`,
    );
  }

  override said(node: GhostNode, _speaker: Speaker, message: PeerMessage): void {
    if (message.kind !== "prepare" || this.#core.length === 0) return;
    if (!this.#core.includes(node.id)) this.#preparedBehind(node.id, message.ballot);
    this.#ballots.add(message.ballot);
    const max = BALLOTS_PER_NODE_MAX * this.#core.length;
    if (this.#ballots.size === max + 1) {
      const ballots = [...this.#ballots].map(showBallot).join(", ");
      const sinceMs = (this.ghost.nowMs - this.#healedMs).toFixed(0);
      this.report(
        "K2",
        `node ${node.id} prepares ballot ${this.#ballots.size} of the ${sinceMs} ms since healing; ${max} are enough: ${ballots}`,
      );
    }
  }

  /** Rule 20: whoever was left behind hears no quorum, or is heard by none. It ends the campaign that it had begun, or was just told to begin, and no more. */
  #preparedBehind(node: number, ballot: number): void {
    const first = this.#ballotsBehind.get(node);
    if (first === undefined) this.#ballotsBehind.set(node, ballot);
    else if (first !== ballot) {
      const ballots = `${showBallot(first)} and ${showBallot(ballot)}`;
      this.report("K2", `node ${node} was left behind, hears no quorum or is heard by none, and prepares ${ballots}`);
    }
  }

  override frameSent(_frame: number, _from: number, to: number, parts: readonly FramePart[]): void {
    if (this.#core.length === 0) return;
    this.#messages += parts.length;
    for (const { message } of parts) {
      if (message.kind !== "snapshot-chunk" || message.bytes.length === 0) continue;
      this.#ledMs = this.ghost.nowMs;
      this.#parts.add(`${to}/${message.slot}/${message.position}`);
    }
  }

  /** At the end of a run that healed, of each node of the core that serves. */
  ended(nodes: readonly Kept[], segmentBytes: number): void {
    const seconds = (this.ghost.nowMs - this.#healedMs) / 1000;
    const links = this.#core.length * Math.max(1, this.ghost.run.nodes - 1);
    const entries = this.ghost.log.chosenTo - this.#chosenAtHealing;
    const forEntries = links * (FRAMES_PER_SECOND_MAX * (seconds + 1) + MESSAGES_PER_ENTRY_MAX * entries);
    const max = forEntries + MESSAGES_PER_PART * this.#parts.size;
    if (this.#messages > max) {
      const work = `${seconds.toFixed(1)} s, ${entries} entries, ${links} links and ${this.#parts.size} parts of snapshots`;
      const found = `after healing ${this.#messages} messages were sent for ${work}; ${Math.round(max)} are enough`;
      this.report("K3", found);
    }
    for (const { node, walBytes, waiting } of nodes) {
      if (this.keepsTooMuch({ node, walBytes }, segmentBytes)) {
        const kept = `${this.#keptMax(node, segmentBytes)} are enough for what stands above its last checkpoint`;
        this.report("K3", `node ${node} keeps ${walBytes} bytes of log at the end; ${kept}`);
      }
      if (waiting > 0)
        this.report("K3", `node ${node} has ${waiting} commands and batches waiting when all are answered`);
    }
  }

  /** What a log was cut off from goes one file after the other, so this may be so for a moment. */
  keepsTooMuch({ node, walBytes }: Omit<Kept, "waiting">, segmentBytes: number): boolean {
    return walBytes > this.#keptMax(node, segmentBytes);
  }

  /** Every entry above the last checkpoint in a unit of its own, written twice, and the segments beside. */
  #keptMax(node: number, segmentBytes: number): number {
    const { log } = this.ghost;
    let bytes = SEGMENTS_BESIDE * segmentBytes;
    for (let slot = this.ghost.node(node).everHeld.trimmedTo + 1; slot <= log.chosenTo; slot++) {
      bytes += 2 * (UNIT_BYTES_MAX + (log.chosen(slot)?.bytes.length ?? 0));
    }
    return bytes;
  }
}
