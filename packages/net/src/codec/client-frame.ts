import type { ClientFrame, ServerFrame, ServerHello } from "@quorate/client";
import { NODE_MAX } from "@quorate/paxos";
import { BadFrame, FRAME_LIMITS, type Item } from "./check.ts";
import {
  bytes,
  encodeFrame,
  flag,
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
import { ClientTag, OUTCOMES, READ_LEVELS, ServerTag } from "./tags.ts";

/** What a client says first. */
export interface ClientHello {
  /** The cluster it expects; empty: any. */
  readonly cluster: string;
  /** Empty where none is used. */
  readonly credential: string;
}

const WINDOW_BYTES_MAX = 2 ** 32 - 1;

function onlyHello(frame: Uint8Array): Item {
  const items = openFrame(frame);
  const item = items[0];
  if (items.length !== 1 || item === undefined || item[0] !== ClientTag.hello)
    throw new BadFrame("the first frame is a hello");
  return item;
}

/** The first frame from a client. */
export function encodeClientHello(hello: ClientHello): Uint8Array {
  return encodeFrame([[ClientTag.hello, hello.cluster, hello.credential]]);
}

/** @throws BadFrame for anything else than exactly one hello. */
export function decodeClientHello(frame: Uint8Array): ClientHello {
  const item = onlyHello(frame);
  size(item, 3);
  return { cluster: text(item[1]), credential: text(item[2]) };
}

/** The first frame to a client. */
export function encodeServerHello(hello: ServerHello): Uint8Array {
  const endpoints = hello.endpoints.map(({ node, endpoint }) => [node, endpoint]);
  return encodeFrame([[ServerTag.hello, hello.cluster, hello.node, endpoints]]);
}

/** @throws BadFrame for anything else than exactly one hello. */
export function decodeServerHello(frame: Uint8Array): ServerHello {
  const item = onlyHello(frame);
  size(item, 4);
  return {
    cluster: text(item[1]),
    node: int(item[2], 1, NODE_MAX),
    endpoints: list(item[3], NODE_MAX).map((value) => {
      const fields = tuple(value, 2);
      return { node: int(fields[0], 1, NODE_MAX), endpoint: text(fields[1]) };
    }),
  };
}

/** A client's frame as an item, to be put into the frame of its turn. */
export function clientItem(frame: ClientFrame): Item {
  switch (frame.kind) {
    case "call":
      return [ClientTag.call, frame.id, frame.session, frame.number, frame.releasedTo, frame.machine, frame.command];
    case "read":
      return [
        ClientTag.read,
        frame.id,
        READ_LEVELS.indexOf(frame.level),
        frame.minRevision,
        frame.machine,
        frame.query,
      ];
    case "watch":
      return [ClientTag.watch, frame.id, frame.minRevision, frame.windowBytes, frame.machine, frame.request];
    case "snapshot":
      return [ClientTag.snapshot, frame.id, frame.slot, frame.position, frame.minRevision];
    case "more":
      return [ClientTag.more, frame.id, frame.bytes];
    case "cancel":
      return [ClientTag.cancel, frame.id];
    case "status":
      return [ClientTag.status, frame.id];
    case "ping":
      return [ClientTag.ping, frame.id];
  }
}

/** All that a client said in one turn, as one message. */
export function encodeClientFrames(frames: readonly ClientFrame[]): Uint8Array {
  return encodeFrame(frames.map(clientItem));
}

/** @throws BadFrame; then nothing of the message counts. Commands and queries stay bytes. */
export function decodeClientFrames(message: Uint8Array): readonly ClientFrame[] {
  return openFrame(message).map(clientFrameOf);
}

function idOf(item: Item): number {
  return int(item[1], 1, Number.MAX_SAFE_INTEGER);
}

function clientFrameOf(item: Item): ClientFrame {
  switch (item[0]) {
    case ClientTag.call:
      size(item, 7);
      return {
        kind: "call",
        id: idOf(item),
        session: natural(item[2]),
        number: int(item[3], 1, Number.MAX_SAFE_INTEGER),
        releasedTo: natural(item[4]),
        machine: text(item[5]),
        command: bytes(item[6]),
      };
    case ClientTag.read:
      size(item, 6);
      return {
        kind: "read",
        id: idOf(item),
        level: word(item[2], READ_LEVELS),
        minRevision: natural(item[3]),
        machine: text(item[4]),
        query: bytes(item[5]),
      };
    case ClientTag.watch:
      size(item, 6);
      return {
        kind: "watch",
        id: idOf(item),
        minRevision: natural(item[2]),
        windowBytes: int(item[3], 1, WINDOW_BYTES_MAX),
        machine: text(item[4]),
        request: bytes(item[5]),
      };
    case ClientTag.snapshot:
      size(item, 5);
      return {
        kind: "snapshot",
        id: idOf(item),
        slot: natural(item[2]),
        position: natural(item[3]),
        minRevision: natural(item[4]),
      };
    case ClientTag.more:
      size(item, 3);
      return { kind: "more", id: idOf(item), bytes: int(item[2], 1, WINDOW_BYTES_MAX) };
    case ClientTag.cancel:
      size(item, 2);
      return { kind: "cancel", id: idOf(item) };
    case ClientTag.status:
      size(item, 2);
      return { kind: "status", id: idOf(item) };
    case ClientTag.ping:
      size(item, 2);
      return { kind: "ping", id: idOf(item) };
    default:
      throw new BadFrame(`tag ${item[0]} is not known here`);
  }
}

/** A replica's frame as an item, to be put into the frame of its turn. */
export function serverItem(frame: ServerFrame): Item {
  switch (frame.kind) {
    case "reply":
      return [ServerTag.reply, frame.id, frame.revision, frame.logTimeMs, frame.bytes];
    case "error":
      return [
        ServerTag.error,
        frame.id,
        frame.code,
        OUTCOMES.indexOf(frame.outcome),
        frame.settled,
        frame.message.slice(0, FRAME_LIMITS.messageLengthMax),
        frame.leader,
      ];
    case "event":
      return [ServerTag.event, frame.id, frame.revision, frame.bytes];
    case "snapshot":
      return [ServerTag.snapshot, frame.id, frame.slot, frame.position, frame.bytesTotal, frame.checksum, frame.bytes];
    case "watch-ended":
      return [ServerTag.watchEnded, frame.id, frame.why.slice(0, FRAME_LIMITS.messageLengthMax)];
    case "status":
      return [ServerTag.status, frame.id, Object.entries(frame.status)];
    case "pong":
      return [ServerTag.pong, frame.id];
  }
}

/** All that a replica told one client in one turn, as one message. */
export function encodeServerFrames(frames: readonly ServerFrame[]): Uint8Array {
  return encodeFrame(frames.map(serverItem));
}

/** @throws BadFrame; then nothing of the message counts. */
export function decodeServerFrames(message: Uint8Array): readonly ServerFrame[] {
  return openFrame(message).map(serverFrameOf);
}

function serverFrameOf(item: Item): ServerFrame {
  switch (item[0]) {
    case ServerTag.reply:
      size(item, 5);
      return {
        kind: "reply",
        id: idOf(item),
        revision: natural(item[2]),
        logTimeMs: milliseconds(item[3]),
        bytes: bytes(item[4]),
      };
    case ServerTag.error:
      size(item, 7);
      return {
        kind: "error",
        id: idOf(item),
        code: text(item[2], 64),
        outcome: word(item[3], OUTCOMES),
        settled: flag(item[4]),
        message: text(item[5], FRAME_LIMITS.messageLengthMax),
        leader: int(item[6], 0, NODE_MAX),
      };
    case ServerTag.event:
      size(item, 4);
      return { kind: "event", id: idOf(item), revision: natural(item[2]), bytes: bytes(item[3]) };
    case ServerTag.snapshot:
      size(item, 7);
      return {
        kind: "snapshot",
        id: idOf(item),
        slot: natural(item[2]),
        position: natural(item[3]),
        bytesTotal: natural(item[4]),
        checksum: int(item[5], 0, 2 ** 32 - 1),
        bytes: bytes(item[6]),
      };
    case ServerTag.watchEnded:
      size(item, 3);
      return { kind: "watch-ended", id: idOf(item), why: text(item[2], FRAME_LIMITS.messageLengthMax) };
    case ServerTag.status:
      size(item, 3);
      return { kind: "status", id: idOf(item), status: statusOf(item[2]) };
    case ServerTag.pong:
      size(item, 2);
      return { kind: "pong", id: idOf(item) };
    default:
      throw new BadFrame(`tag ${item[0]} is not known here`);
  }
}

function statusOf(value: unknown): Readonly<Record<string, string | number>> {
  const fields = list(value, FRAME_LIMITS.statusFieldsMax).map((pair): [string, string | number] => {
    const [name, content] = tuple(pair, 2);
    return [text(name), typeof content === "number" ? content : text(content, FRAME_LIMITS.messageLengthMax)];
  });
  return Object.fromEntries(fields);
}
