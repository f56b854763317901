import type { Speaker } from "./message.ts";
import type { HeardPeer } from "./record.ts";

/** What one node knows of another one, as identity (rule 14) and as follower. One per node id; volatile but for `unit`. */
export interface Peer {
  readonly node: number;
  incarnation: number;
  life: number;
  /** Highest write unit heard of that disk. */
  unit: number;
  /** A life of its process that came back with less than was heard of its disk: never listened to. */
  refusedLife: number;
  /** Durable watermark in this node's own ballot, as leader. */
  acceptedTo: number;
  /** Chosen and durable there, as last told. */
  chosenTo: number;
  /** When it last answered in this node's own ballot; −Infinity: not yet. */
  answeredMs: number;
  /** Highest heartbeat round answered in this node's own ballot. */
  round: number;
  /** When the latest heartbeat that it granted a lease for had left here, and how long the grant was. */
  grantSentMs: number;
  grantMs: number;
  /** acceptedTo at its answer before the last one: no progress means that something was lost. */
  acceptedToBefore: number;
}

/**
 * The other nodes, by id. Identity is (node, incarnation): the highest write unit heard of each disk is kept, and a process
 * whose disk came back with less is not listened to, however much it has written since: that disk was put back or copied
 * (rule 14), and is told so, for its next process may begin with enough. What only an unreachable peer heard goes unnoticed.
 */
export class Peers {
  /** By node and incarnation: a disk that went and came back is still the one that was heard of. */
  private readonly table = new Map<string, Peer>();
  /** All of them, by node and incarnation. */
  private readonly sorted: Peer[] = [];
  /** The one of each node that spoke last, to find it without a key. */
  private readonly latest = new Map<number, Peer>();
  /** The highest units changed since they were last recorded. */
  heardChanged = false;

  constructor(heard: readonly HeardPeer[]) {
    for (const { node, incarnation, life, unit } of heard) {
      const peer = this.of(node, incarnation);
      peer.life = life;
      peer.unit = unit;
    }
  }

  /** Takes note of who speaks. `null`: a disk that must not be listened to. */
  listen(speaker: Speaker): Peer | null {
    const peer = this.of(speaker.node, speaker.incarnation);
    if (peer.life !== speaker.life) {
      if (speaker.life === peer.refusedLife) return null;
      if (speaker.unitAtStart < peer.unit) {
        peer.refusedLife = speaker.life;
        return null;
      }
      peer.life = speaker.life;
      this.heardChanged = true;
    }
    if (speaker.unit > peer.unit) {
      peer.unit = speaker.unit;
      this.heardChanged = true;
    }
    return peer;
  }

  /** That identity; made, silent so far, if it was never heard of. */
  of(node: number, incarnation: number): Peer {
    const last = this.latest.get(node);
    if (last !== undefined && last.incarnation === incarnation) return last;
    const key = `${node} ${incarnation}`;
    let peer = this.table.get(key);
    if (peer === undefined) {
      peer = newPeer(node, incarnation);
      this.table.set(key, peer);
      this.sorted.push(peer);
      this.sorted.sort((one, other) => one.node - other.node || one.incarnation - other.incarnation);
    }
    this.latest.set(node, peer);
    return peer;
  }

  /** A new ballot of this node: nobody has followed it yet. */
  startBallot(acceptedTo: number): void {
    for (const peer of this.sorted) {
      peer.acceptedTo = acceptedTo;
      peer.answeredMs = -Infinity;
      peer.round = 0;
      peer.grantSentMs = -Infinity;
      peer.grantMs = 0;
      peer.acceptedToBefore = -1;
    }
  }

  heard(): readonly HeardPeer[] {
    return this.sorted.map(({ node, incarnation, life, unit }) => ({ node, incarnation, life, unit }));
  }
}

function newPeer(node: number, incarnation: number): Peer {
  return {
    node,
    incarnation,
    life: -1,
    unit: 0,
    refusedLife: -1,
    acceptedTo: 0,
    chosenTo: 0,
    answeredMs: -Infinity,
    round: 0,
    grantSentMs: -Infinity,
    grantMs: 0,
    acceptedToBefore: -1,
  };
}
