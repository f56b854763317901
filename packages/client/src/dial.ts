import type { Outcome, ReadLevel } from "@quorate/machine";

/** A connection to one replica as a client sees it: whole frames out, whole frames in, one end. */
export interface Connection {
  /** Leaves at the end of the turn with everything else that is sent in it. Does nothing once the connection is closed. */
  send(frame: ClientFrame): void;
  /** Bytes not yet handed to the network. */
  readonly queuedBytes: number;
  /** Ends it at once. `closed` is not called for an end that its owner chose. */
  close(): void;
}

/**
 * Why a connection ended. `code` is empty for what may be tried again; `WRONG_CLUSTER` and `DENIED` will not change by asking again.
 */
export interface ConnectionEnd {
  readonly code: "" | "WRONG_CLUSTER" | "DENIED";
  /** In words, for the message of `NO_REPLICA`. */
  readonly why: string;
}

/** What a connection tells its owner: `opened` at most once and first, `closed` at most once and last; never in the turn of `Dial` itself. */
export interface ConnectionEvents {
  opened(hello: ServerHello): void;
  received(frame: ServerFrame): void;
  closed(end: ConnectionEnd): void;
}

/** Connects to one endpoint. Returns at once; the events tell the rest, in later turns. Frames sent before `opened` wait. */
export type Dial = (endpoint: string, events: ConnectionEvents) => Connection;

/** What a replica says first. */
export interface ServerHello {
  readonly cluster: string;
  readonly node: number;
  /** Endpoints of all replicas that serve clients, by node; empty where not known. */
  readonly endpoints: readonly { readonly node: number; readonly endpoint: string }[];
}

/** One request, to be applied exactly once. */
export interface CallFrame {
  readonly kind: "call";
  readonly id: number;
  readonly session: number;
  readonly number: number;
  readonly releasedTo: number;
  readonly machine: string;
  readonly command: Uint8Array;
}

/** One query; takes no request number, changes nothing. */
export interface ReadFrame {
  readonly kind: "read";
  readonly id: number;
  readonly level: ReadLevel;
  /** Of level `session`: the answer reflects this revision at least. */
  readonly minRevision: number;
  readonly machine: string;
  readonly query: Uint8Array;
}

/** Starts a watch: events follow under the same id until it is cancelled or ends. */
export interface WatchFrame {
  readonly kind: "watch";
  readonly id: number;
  readonly minRevision: number;
  /** Bytes of events that may be sent before a `more`. */
  readonly windowBytes: number;
  readonly machine: string;
  readonly request: Uint8Array;
}

/** Asks for a part of a snapshot: an image of the whole state as it was after one slot. */
export interface SnapshotFrame {
  readonly kind: "snapshot";
  readonly id: number;
  /** Of the snapshot that the last part came from; 0: of the newest that reflects `minRevision` at least. It is made if there is none. */
  readonly slot: number;
  /** Bytes before it are there already. */
  readonly position: number;
  readonly minRevision: number;
}

/** What a client asks. `id` tells answers apart on one connection: 1 or more, never used twice on it. */
export type ClientFrame =
  | CallFrame
  | ReadFrame
  | WatchFrame
  | SnapshotFrame
  /** The watch `id` may send this many bytes of events more. */
  | { readonly kind: "more"; readonly id: number; readonly bytes: number }
  /** Ends the watch `id`, or says that the answer to `id` is no longer awaited (which decides nothing). */
  | { readonly kind: "cancel"; readonly id: number }
  | { readonly kind: "status"; readonly id: number }
  | { readonly kind: "ping"; readonly id: number };

/** The answer to a call or a read. */
export interface ReplyFrame {
  readonly kind: "reply";
  readonly id: number;
  readonly revision: number;
  readonly logTimeMs: number;
  readonly bytes: Uint8Array;
}

/** A refusal or failure. Of a watch: its end. */
export interface ErrorFrame {
  readonly kind: "error";
  readonly id: number;
  /** A `Code`; unknown ones come from a newer replica. */
  readonly code: string;
  /** `not-applied`: what this replica did with *this copy* of the request applies nothing; another copy may still be applied. */
  readonly outcome: Outcome;
  /** The log's word: every copy of the request has this answer, for ever. */
  readonly settled: boolean;
  readonly message: string;
  /** The node believed to lead; 0: unknown. */
  readonly leader: number;
}

/** One event of a watch. */
export interface EventFrame {
  readonly kind: "event";
  readonly id: number;
  /** With this event everything of the watch to this revision was told; 0: more of the same pull follows. */
  readonly revision: number;
  readonly bytes: Uint8Array;
}

/** Bytes of a snapshot, in the form of the file that FORMAT.md of `@quorate/log` describes. */
export interface SnapshotPartFrame {
  readonly kind: "snapshot";
  readonly id: number;
  readonly slot: number;
  readonly position: number;
  /** Of the whole. */
  readonly bytesTotal: number;
  /** CRC-32C of `bytes`. */
  readonly checksum: number;
  readonly bytes: Uint8Array;
}

/** What a replica answers. */
export type ServerFrame =
  | ReplyFrame
  | ErrorFrame
  | EventFrame
  | SnapshotPartFrame
  /** A watch ended by the replica: ask again. */
  | { readonly kind: "watch-ended"; readonly id: number; readonly why: string }
  | { readonly kind: "status"; readonly id: number; readonly status: Readonly<Record<string, string | number>> }
  | { readonly kind: "pong"; readonly id: number };
