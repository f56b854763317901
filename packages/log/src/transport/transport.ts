import type { Message, Speaker } from "@quorate/paxos";

/** One chunk of a snapshot on its way to a peer that lacks what the log no longer has. */
export interface SnapshotChunk {
  readonly kind: "snapshot-chunk";
  /** The slot that the snapshot covers everything to. */
  readonly slot: number;
  readonly position: number;
  /** Of the whole snapshot. */
  readonly bytesTotal: number;
  /** CRC-32C of `bytes`. */
  readonly checksum: number;
  readonly bytes: Uint8Array;
}

/** The receiver has everything of the snapshot of `slot` before `position`, and wants what follows. */
export interface SnapshotWanted {
  readonly kind: "snapshot-wanted";
  readonly slot: number;
  readonly position: number;
}

/** The digest of all results after `slot`, so that a replica that differs is found (DIVERGED). */
export interface DigestReport {
  readonly kind: "digest";
  readonly slot: number;
  readonly digest: number;
  readonly revision: number;
}

/** One initial member, as a cluster was formed: its identity is (node, incarnation), rule 14. */
export interface FormedMember {
  readonly node: number;
  readonly incarnation: number;
}

/**
 * How far the sender's folder is in forming the cluster. A node that is not formed sends it to every initial node, again
 * and again; one that is formed answers it. What it says is durable at its sender before it leaves.
 */
export interface Forming {
  readonly kind: "forming";
  /** Name of the cluster; a message of another one is ignored, and counted. */
  readonly cluster: string;
  /**
   * `new`: the folder has an incarnation, and agreed to no set; this is the "not formed" of the design. `agreed`: it agreed to
   * `members` and never will to another set. `formed`: every one of `members` has agreed to exactly this set.
   */
  readonly state: "new" | "agreed" | "formed";
  readonly incarnation: number;
  /** Empty while `new`; ascending by node. */
  readonly members: readonly FormedMember[];
}

/**
 * The process `life` of the receiver is not listened to: its disk began with less than the sender heard of it, so it is an older copy of itself
 * (rule 14). Said whenever an engine is spoken to by it. The receiver stops for good, and its folder never votes again.
 */
export interface OldCopy {
  readonly kind: "old-copy";
  /** Of the receiver's disk. */
  readonly incarnation: number;
  /** Of the receiver: whatever is said about another one is late. */
  readonly life: number;
  /** The highest write unit that the sender heard of that disk. */
  readonly unit: number;
}

/** What hosts say to each other: the engine's messages, and their own. */
export type PeerMessage = Message | SnapshotChunk | SnapshotWanted | DigestReport | Forming | OldCopy;

/**
 * One link a peer for all groups. May lose, repeat, reorder and delay; never blocks, never throws, never calls back in the same turn.
 */
export interface Transport {
  /** Encoded once for all of `to`; leaves at `endTurn`. A message to a node without a link is lost. */
  send(group: number, speaker: Speaker, to: readonly number[], message: PeerMessage): void;
  /** Everything sent since the last call leaves: one frame a peer. */
  endTurn(): void;
  /** Bytes that wait to be sent to `node`. */
  queuedBytes(node: number): number;
  /** Starts. `refused`: a redial of `node` was refused, its process is gone (rule 22). */
  open(receive: (from: Speaker, group: number, message: PeerMessage) => void, refused: (node: number) => void): void;
  close(): void;
}
