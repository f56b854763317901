import type { Ballot } from "./ballot.ts";
import type { Message } from "./message.ts";
import type { HeardPeer } from "./record.ts";

/** Why a message was ignored: each reason is counted. */
export type IgnoreReason =
  | "stale ballot"
  | "not a voter"
  | "old disk"
  | "not asked for"
  | "already known"
  | "gap"
  | "lease granted"
  | "contradiction"
  | "malformed";

/** What happened in an engine, as data. */
export type EngineEvent =
  | { readonly kind: "leader-changed"; readonly leader: number; readonly ballot: Ballot }
  | { readonly kind: "ballot-raised"; readonly ballot: Ballot }
  | { readonly kind: "opened"; readonly ballot: Ballot; readonly slot: number }
  | { readonly kind: "resigned"; readonly ballot: Ballot; readonly why: string }
  | { readonly kind: "members-changed"; readonly slot: number; readonly floor: Ballot }
  | { readonly kind: "read-confirmed"; readonly token: number; readonly bound: number }
  | { readonly kind: "change-given-up"; readonly node: number; readonly why: string }
  | { readonly kind: "removed"; readonly slot: number }
  /** A process whose disk came back with less than was heard of it, `heard.unit`, spoke: `heard.life` is its own. It is to be told (rule 14). */
  | { readonly kind: "old-copy"; readonly heard: HeardPeer }
  | { readonly kind: "ignored"; readonly from: number; readonly message: Message["kind"]; readonly why: IgnoreReason };
