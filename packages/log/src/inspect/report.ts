import type { Code } from "@quorate/machine";
import type { EntryKind, Governing } from "@quorate/paxos";
import type { Identity } from "../host/identity.ts";
import type { StoredRecord } from "../wal/record-codec.ts";

/** Something in a folder that is not as it was written, or not as it must be. */
export interface FolderFault {
  readonly code: Code;
  /** Relative to the folder. */
  readonly file: string;
  /** In bytes; 0 where the whole file is meant. */
  readonly offset: number;
  readonly why: string;
  /** What to do about it. */
  readonly action: string;
}

/** One record of the log. */
export interface RecordReport {
  /** Of its header, in the file of its unit. */
  readonly offset: number;
  readonly kind: StoredRecord["kind"];
  readonly group: number;
  /** 0 where the record speaks of no slot. */
  readonly slot: number;
  /** Of a vote or a promise the ballot, of a set its floor; else 0. */
  readonly ballot: number;
  /** Of a vote: the ballot that first proposed it, what it holds, and whether it is anchored (rule 9). */
  readonly origin: number;
  readonly entry: EntryKind | "";
  readonly anchored: boolean;
  /** Appended anew from an older segment. */
  readonly moved: boolean;
  readonly payloadBytes: number;
  /** CRC-32C of the payload, and of place and header. */
  readonly payloadChecksum: number;
  readonly checksum: number;
}

/** One write unit whose header is whole: what one sync covered. */
export interface UnitReport {
  readonly file: string;
  readonly offset: number;
  readonly unit: number;
  readonly bytes: number;
  readonly seal: boolean;
  /** CRC-32C of place and header. */
  readonly checksum: number;
  /** Those that can be read. */
  readonly records: readonly RecordReport[];
}

/** One file of the log. */
export interface SegmentReport {
  readonly file: string;
  readonly number: number;
  readonly bytes: number;
  /** Made ahead, and not written yet. */
  readonly spare: boolean;
  readonly header: "whole" | "damaged";
  readonly units: number;
  readonly seals: number;
  readonly records: number;
  /** Numbers of the first and last unit; 0 if there is none. */
  readonly unitFrom: number;
  readonly unitTo: number;
  /** Of the votes in it, over all groups; 0 if there is none. */
  readonly slotFrom: number;
  readonly slotTo: number;
  readonly ballotFrom: number;
  readonly ballotTo: number;
  /** Where the first byte stands that was never written. */
  readonly writtenTo: number;
}

/** What the log says of one group, as a node that starts would read it. */
export interface GroupReport {
  readonly group: number;
  readonly promised: number;
  /** A snapshot covers everything to here. */
  readonly base: number;
  /** At least everything to here is chosen. */
  readonly chosenTo: number;
  /** The votes above the base. */
  readonly votes: number;
  readonly slotFrom: number;
  readonly slotTo: number;
  /** Slots that this node cannot speak for. */
  readonly faulty: readonly number[];
  /** This incarnation may have lost its promised ballot: it never votes again. */
  readonly promisedLost: boolean;
  /** The sets of members above the base, and the one in force there. */
  readonly governing: readonly Governing[];
}

/** One snapshot, read to its end. */
export interface SnapshotReport {
  readonly file: string;
  readonly bytes: number;
  readonly group: number;
  /** Everything to here is in it. */
  readonly slot: number;
  readonly revision: number;
  readonly digest: number;
  /** The set of members in force after that slot. */
  readonly governing: Governing;
}

/** What stands in the folder of one node. */
export interface FolderReport {
  /** `null`: it cannot be read. */
  readonly identity: Identity | null;
  readonly segments: readonly SegmentReport[];
  readonly groups: readonly GroupReport[];
  readonly snapshots: readonly SnapshotReport[];
  /** Files that a crash left half made; the next start removes them. */
  readonly unfinished: readonly string[];
  /** Where something stands that is no whole unit and that no sync covered, as a power loss leaves it; the next start cuts it. */
  readonly torn: readonly { readonly file: string; readonly offset: number }[];
  /** Number of the last unit. */
  readonly unit: number;
  /** Empty: the folder is sound. */
  readonly faults: readonly FolderFault[];
}
