/** A connection to one replica as a client sees it: whole messages out, whole messages in, one end. */
export interface Connection {
  /** Leaves with everything else that is sent in this turn. */
  send(frame: ClientFrame): void;
  /** Bytes not yet handed to the network. */
  readonly queuedBytes: number;
  close(): void;
}

/** What a connection tells its owner. `closed` comes once, and last. */
export interface ConnectionEvents {
  opened(hello: ServerHello): void;
  received(frame: ServerFrame): void;
  closed(why: string): void;
}

/** Connects to one endpoint. Returns at once; the events tell the rest, in later turns. */
export type Dial = (endpoint: string, events: ConnectionEvents) => Connection;

/** What a replica says first. */
export interface ServerHello {
  readonly cluster: string;
  readonly node: number;
  /** Endpoints of all replicas that serve clients, by node; empty where not known. */
  readonly endpoints: readonly { readonly node: number; readonly endpoint: string }[];
}

/** What a client asks. `id` tells answers apart on one connection. */
export type ClientFrame =
  | {
      readonly kind: "call";
      readonly id: number;
      readonly session: number;
      readonly number: number;
      readonly releasedTo: number;
      readonly machine: string;
      readonly command: Uint8Array;
    }
  | {
      readonly kind: "read";
      readonly id: number;
      readonly level: "linearizable" | "lease" | "session" | "stale";
      readonly minRevision: number;
      readonly machine: string;
      readonly query: Uint8Array;
    }
  | {
      readonly kind: "watch";
      readonly id: number;
      readonly minRevision: number;
      readonly machine: string;
      readonly request: Uint8Array;
    }
  /** Ends the watch `id`, or says that the answer to `id` is no longer awaited (which decides nothing). */
  | { readonly kind: "cancel"; readonly id: number }
  | { readonly kind: "status"; readonly id: number }
  | { readonly kind: "ping"; readonly id: number };

/** What a replica answers. */
export type ServerFrame =
  | {
      readonly kind: "reply";
      readonly id: number;
      readonly revision: number;
      readonly logTimeMs: number;
      readonly bytes: Uint8Array;
    }
  | {
      readonly kind: "error";
      readonly id: number;
      readonly code: string;
      /** `not-applied`: no copy of this request was or will be applied by what this replica did with this frame. `silent` errors do not exist. */
      readonly outcome: "applied" | "not-applied" | "unknown";
      readonly message: string;
      /** The node believed to lead; 0: unknown. */
      readonly leader: number;
    }
  | {
      readonly kind: "event";
      readonly id: number;
      readonly revision: number;
      readonly bytes: Uint8Array;
    }
  /** A watch ended by the replica: ask again. */
  | { readonly kind: "watch-ended"; readonly id: number; readonly why: string }
  | { readonly kind: "status"; readonly id: number; readonly status: Readonly<Record<string, string | number>> }
  | { readonly kind: "pong"; readonly id: number };
