import { encodeCbor } from "@quorate/machine";
import type { PeerMessage, SnapshotChunk } from "@quorate/log";
import { type Entry, NODE_MAX, SLOT_MAX, type Speaker } from "@quorate/paxos";
import { BadFrame, FRAME_LIMITS, type Item } from "./check.ts";
import {
  bytes,
  flag,
  frameHead,
  int,
  list,
  milliseconds,
  natural,
  openFrame,
  size,
  text,
  tuple,
  word,
} from "./check.ts";
import { ENTRY_KINDS, FORMING_STATES, PeerTag } from "./tags.ts";

/** One message as it was said: by whom, in which group. */
export interface Said {
  readonly from: Speaker;
  readonly group: number;
  readonly message: PeerMessage;
}

/** What peers say first to each other. */
export interface PeerHello {
  readonly cluster: string;
  readonly node: number;
  /** The life of the speaker's disk; 0: not known yet. */
  readonly incarnation: number;
  /** A secret that all nodes of the cluster share; empty where none is used. */
  readonly credential: string;
}

const GROUP_MAX = 2 ** 32 - 1;
const IDENTITY_MAX = 2 ** 48 - 1;
const CHECKSUM_MAX = 2 ** 32 - 1;

type Tuple = readonly unknown[];

function entryTuple(entry: Entry): Tuple {
  return [entry.slot, entry.ballot, entry.origin, entry.anchored, ENTRY_KINDS.indexOf(entry.kind), entry.bytes];
}

function entryOf(value: unknown): Entry {
  const fields = tuple(value, 6);
  return {
    slot: int(fields[0], 1, SLOT_MAX),
    ballot: natural(fields[1]),
    origin: natural(fields[2]),
    anchored: flag(fields[3]),
    kind: word(fields[4], ENTRY_KINDS),
    bytes: bytes(fields[5]),
  };
}

/** Ascending by slot; without a gap if `consecutive`. */
function entriesOf(value: unknown, consecutive: boolean): readonly Entry[] {
  const entries = list(value, FRAME_LIMITS.entriesMax).map(entryOf);
  for (let index = 1; index < entries.length; index++) {
    const step = entries[index]!.slot - entries[index - 1]!.slot;
    if (consecutive ? step !== 1 : step < 1) throw new BadFrame("entries out of order");
  }
  return entries;
}

function filled(entries: readonly Entry[]): readonly Entry[] {
  if (entries.length === 0) throw new BadFrame("no entry where one must be");
  return entries;
}

/** One message as an item of a frame: made once, whoever it goes to. Put a speaker before it. */
export function encodePeerMessage(message: PeerMessage): Uint8Array {
  return encodeCbor(messageItem(message));
}

function messageItem(m: PeerMessage): Item {
  switch (m.kind) {
    case "canvass":
      return [PeerTag.canvass, m.ballot, m.chosenTo];
    case "canvass-answer":
      return [PeerTag.canvassAnswer, m.ballot, m.granted, m.promised, m.chosenTo];
    case "prepare":
      return [PeerTag.prepare, m.ballot, m.slotFrom, m.chosenTo];
    case "promise":
      return [PeerTag.promise, m.ballot, m.slotFrom, m.slotTo, m.chosenTo, m.votes.map(entryTuple), m.faulty];
    case "reject":
      return [PeerTag.reject, m.ballot, m.promised];
    case "accept":
      return [PeerTag.accept, m.ballot, m.startSlot, m.entries.map(entryTuple), m.ackFrom, m.ackTo];
    case "accepted":
      return [PeerTag.accepted, m.ballot, m.acceptedTo, m.chosenTo];
    case "heartbeat":
      return [PeerTag.heartbeat, m.ballot, m.round, m.startSlot, m.ackFrom, m.ackTo, m.chosenTo];
    case "heartbeat-answer":
      return [PeerTag.heartbeatAnswer, m.ballot, m.life, m.round, m.acceptedTo, m.chosenTo, m.grantedMs];
    case "fetch":
      return [PeerTag.fetch, m.slotFrom];
    case "learn":
      return [PeerTag.learn, m.entries.map(entryTuple), m.floors, m.chosenTo];
    case "read-request":
      return [PeerTag.readRequest, m.token];
    case "read-bound":
      return [PeerTag.readBound, m.life, m.token, m.bound];
    case "resign":
      return [PeerTag.resign, m.ballot, m.successor];
    case "snapshot-chunk":
      return [PeerTag.snapshotChunk, m.slot, m.position, m.bytesTotal, m.checksum, m.bytes];
    case "snapshot-wanted":
      return [PeerTag.snapshotWanted, m.slot, m.position];
    case "digest":
      return [PeerTag.digest, m.slot, m.digest, m.revision];
    case "forming":
      return [
        PeerTag.forming,
        m.cluster,
        FORMING_STATES.indexOf(m.state),
        m.incarnation,
        m.members.map((member) => [member.node, member.incarnation]),
      ];
    case "old-copy":
      return [PeerTag.oldCopy, m.incarnation, m.life, m.unit];
  }
}

/** Who says what follows, and in which group: an item of a frame. */
export function encodeSpeaker(group: number, speaker: Speaker): Uint8Array {
  const { node, incarnation, life, unit, unitAtStart } = speaker;
  return encodeCbor([PeerTag.speaker, group, node, incarnation, life, unit, unitAtStart]);
}

/** The first frame in each direction. */
export function encodePeerHello(hello: PeerHello): Uint8Array {
  const item = encodeCbor([PeerTag.hello, hello.cluster, hello.node, hello.incarnation, hello.credential]);
  return joinItems([item]);
}

/** @throws BadFrame for anything else than exactly one hello. */
export function decodePeerHello(frame: Uint8Array): PeerHello {
  const items = openFrame(frame);
  const item = items[0];
  if (items.length !== 1 || item === undefined || item[0] !== PeerTag.hello)
    throw new BadFrame("the first frame is a hello");
  size(item, 5);
  return {
    cluster: text(item[1]),
    node: int(item[2], 1, NODE_MAX),
    incarnation: int(item[3], 0, IDENTITY_MAX),
    credential: text(item[4]),
  };
}

/** One frame of items that were encoded one by one. */
export function joinItems(items: readonly Uint8Array[]): Uint8Array {
  const head = frameHead(items.length);
  let length = head.length;
  for (const item of items) length += item.length;
  const frame = new Uint8Array(length);
  frame.set(head, 0);
  let position = head.length;
  for (const item of items) {
    frame.set(item, position);
    position += item.length;
  }
  return frame;
}

/**
 * Everything that a frame says, in order; all or nothing.
 *
 * @param node - who is at the other end: nobody speaks for another node. 0: not checked.
 * @throws BadFrame
 */
export function decodePeerFrame(frame: Uint8Array, node: number): readonly Said[] {
  const said: Said[] = [];
  let from: Speaker | null = null;
  let group = 0;
  for (const item of openFrame(frame)) {
    if (item[0] === PeerTag.speaker) {
      size(item, 7);
      group = int(item[1], 0, GROUP_MAX);
      from = {
        node: int(item[2], 1, NODE_MAX),
        incarnation: int(item[3], 0, IDENTITY_MAX),
        life: int(item[4], 0, IDENTITY_MAX),
        unit: natural(item[5]),
        unitAtStart: natural(item[6]),
      };
      if (node !== 0 && from.node !== node) throw new BadFrame(`node ${node} speaks for node ${from.node}`);
    } else {
      if (from === null) throw new BadFrame("a message before its speaker");
      said.push({ from, group, message: messageOf(item) });
    }
  }
  return said;
}

function messageOf(item: Item): PeerMessage {
  switch (item[0]) {
    case PeerTag.canvass:
      size(item, 3);
      return { kind: "canvass", ballot: natural(item[1]), chosenTo: natural(item[2]) };
    case PeerTag.canvassAnswer:
      size(item, 5);
      return {
        kind: "canvass-answer",
        ballot: natural(item[1]),
        granted: flag(item[2]),
        promised: natural(item[3]),
        chosenTo: natural(item[4]),
      };
    case PeerTag.prepare:
      size(item, 4);
      return { kind: "prepare", ballot: natural(item[1]), slotFrom: natural(item[2]), chosenTo: natural(item[3]) };
    case PeerTag.promise:
      size(item, 7);
      return {
        kind: "promise",
        ballot: natural(item[1]),
        slotFrom: natural(item[2]),
        slotTo: natural(item[3]),
        chosenTo: natural(item[4]),
        votes: entriesOf(item[5], false),
        faulty: ascending(list(item[6], FRAME_LIMITS.entriesMax).map(natural)),
      };
    case PeerTag.reject:
      size(item, 3);
      return { kind: "reject", ballot: natural(item[1]), promised: natural(item[2]) };
    case PeerTag.accept: {
      size(item, 6);
      const ballot = natural(item[1]);
      const entries = filled(entriesOf(item[3], true));
      for (const entry of entries) {
        if (entry.ballot !== ballot)
          throw new BadFrame(`an accept of ballot ${ballot} holds a vote of ballot ${entry.ballot}`);
      }
      const startSlot = natural(item[2]);
      return { kind: "accept", ballot, startSlot, entries, ackFrom: natural(item[4]), ackTo: natural(item[5]) };
    }
    case PeerTag.accepted:
      size(item, 4);
      return { kind: "accepted", ballot: natural(item[1]), acceptedTo: natural(item[2]), chosenTo: natural(item[3]) };
    case PeerTag.heartbeat:
      size(item, 7);
      return {
        kind: "heartbeat",
        ballot: natural(item[1]),
        round: natural(item[2]),
        startSlot: natural(item[3]),
        ackFrom: natural(item[4]),
        ackTo: natural(item[5]),
        chosenTo: natural(item[6]),
      };
    case PeerTag.heartbeatAnswer:
      size(item, 7);
      return {
        kind: "heartbeat-answer",
        ballot: natural(item[1]),
        life: int(item[2], 0, IDENTITY_MAX),
        round: natural(item[3]),
        acceptedTo: natural(item[4]),
        chosenTo: natural(item[5]),
        grantedMs: milliseconds(item[6]),
      };
    case PeerTag.fetch:
      size(item, 2);
      return { kind: "fetch", slotFrom: natural(item[1]) };
    case PeerTag.learn: {
      size(item, 4);
      const entries = filled(entriesOf(item[1], true));
      const floors = list(item[2], entries.length).map(natural);
      const changes = entries.filter((entry) => entry.kind === "members").length;
      if (floors.length !== changes) throw new BadFrame(`${floors.length} floors for ${changes} membership changes`);
      return { kind: "learn", entries, floors, chosenTo: natural(item[3]) };
    }
    case PeerTag.readRequest:
      size(item, 2);
      return { kind: "read-request", token: natural(item[1]) };
    case PeerTag.readBound:
      size(item, 4);
      return {
        kind: "read-bound",
        life: int(item[1], 0, IDENTITY_MAX),
        token: natural(item[2]),
        bound: int(item[3], -1, SLOT_MAX),
      };
    case PeerTag.resign:
      size(item, 3);
      return { kind: "resign", ballot: natural(item[1]), successor: int(item[2], 0, NODE_MAX) };
    case PeerTag.snapshotChunk:
      return chunkOf(item);
    case PeerTag.snapshotWanted:
      size(item, 3);
      return { kind: "snapshot-wanted", slot: natural(item[1]), position: natural(item[2]) };
    case PeerTag.digest:
      size(item, 4);
      return {
        kind: "digest",
        slot: natural(item[1]),
        digest: int(item[2], -(2 ** 31), CHECKSUM_MAX),
        revision: natural(item[3]),
      };
    case PeerTag.forming:
      size(item, 5);
      return {
        kind: "forming",
        cluster: text(item[1]),
        state: word(item[2], FORMING_STATES),
        incarnation: int(item[3], 0, IDENTITY_MAX),
        members: list(item[4], NODE_MAX).map((value) => {
          const fields = tuple(value, 2);
          return { node: int(fields[0], 1, NODE_MAX), incarnation: int(fields[1], 0, IDENTITY_MAX) };
        }),
      };
    case PeerTag.oldCopy:
      size(item, 4);
      return {
        kind: "old-copy",
        incarnation: int(item[1], 0, IDENTITY_MAX),
        life: int(item[2], 0, IDENTITY_MAX),
        unit: natural(item[3]),
      };
    default:
      throw new BadFrame(`tag ${item[0]} is not known here`);
  }
}

function chunkOf(item: Item): SnapshotChunk {
  size(item, 6);
  const position = natural(item[2]);
  const bytesTotal = natural(item[3]);
  const chunk = bytes(item[5]);
  if (position + chunk.length > bytesTotal) throw new BadFrame("a chunk beyond the end of its snapshot");
  return {
    kind: "snapshot-chunk",
    slot: natural(item[1]),
    position,
    bytesTotal,
    checksum: int(item[4], 0, CHECKSUM_MAX),
    bytes: chunk,
  };
}

function ascending(slots: readonly number[]): readonly number[] {
  for (let index = 1; index < slots.length; index++) {
    if (slots[index]! <= slots[index - 1]!) throw new BadFrame("slots out of order");
  }
  return slots;
}
