/**
 * Every error code. The outcome `unknown` comes only with the first group, and only if the request was once sent and
 * not settled.
 */
export type Code =
  // of a call
  | "DEADLINE"
  | "ABORTED"
  | "CLOSED"
  | "SESSION_ENDED"
  | "RELEASED"
  // never applied
  | "NO_REPLICA"
  | "NO_LEADER"
  | "OVERLOADED"
  | "DISK_FULL"
  | "TOO_LARGE"
  | "BAD_COMMAND"
  | "UNKNOWN_MACHINE"
  | "DENIED"
  | "WRONG_CLUSTER"
  | "COMPACTED"
  | "TOO_STALE"
  | "BURNT"
  // applied, and its machine threw: the result of that request for ever
  | "MACHINE_FAULT"
  // of a lock: what stands on it must not go on
  | "LOCK_LOST"
  | "FENCED"
  // of a node: it stops serving and says what to do
  | "LOG_FAILED"
  | "LOG_CORRUPT"
  | "LOG_NEWER"
  | "FOLDER_IN_USE"
  | "NOT_FORMED"
  | "WIPED"
  | "DIVERGED"
  | "ASSERTION"
  // of this program
  | "BAD_OPTION"
  | "PORT_IN_USE"
  | "NOT_WRITABLE";

/** Whether the request of an error was applied. `unknown`: nobody can tell yet; `settle` asks the log. */
export type Outcome = "applied" | "not-applied" | "unknown";

/** Names one request of one session, for ever. */
export interface RequestId {
  /** The revision that opened the session; 0 for a request that opens one. */
  readonly session: number;
  /** 1 or more, never used twice in a session. Of session 0: a random number below 2^48 that tells the reply's owner. */
  readonly number: number;
}

/** What the message, the code and the outcome cannot say in words: numbers and names for programs. */
export type Detail = Readonly<Record<string, string | number>>;

/** The one class of errors that Quorate throws. The code is stable; the message says what was tried on what, and what to do next. */
export class QuorateError extends Error {
  readonly code: Code;
  readonly outcome: Outcome;
  readonly request: RequestId | null;
  readonly detail: Detail;

  constructor(
    code: Code,
    outcome: Outcome,
    message: string,
    detail: Detail = {},
    request: RequestId | null = null,
    cause?: unknown,
  ) {
    super(message, { cause });
    this.name = "QuorateError";
    this.code = code;
    this.outcome = outcome;
    this.request = request;
    this.detail = detail;
  }
}

/** What a code means, and what to do about it: one line each. */
export interface CodeEntry {
  readonly code: Code;
  readonly meaning: string;
  readonly action: string;
}

const MEANINGS: { readonly [C in Code]: readonly [meaning: string, action: string] } = {
  DEADLINE: [
    "no answer came before the deadline of the call",
    "settle the request if its outcome is unknown; otherwise call again, with more time",
  ],
  ABORTED: ["the caller's signal fired before an answer came", "settle the request if its outcome is unknown"],
  CLOSED: [
    "the client or the connection was closed before an answer came",
    "open a new client; settle is no longer possible once its session is over",
  ],
  SESSION_ENDED: [
    "the session was closed or has expired; what was sent in it is unknown for good",
    "call again in a new session, after reading whether the request took effect",
  ],
  RELEASED: [
    "a copy of a request arrived whose owner had released its result",
    "nothing: the owner has the result; a client that waits for it numbers its requests wrongly",
  ],
  NO_REPLICA: ["no node of the list could be reached", "check the addresses, and that the nodes run"],
  NO_LEADER: [
    "the group has no leader: a quorum does not hear each other",
    "wait and call again; if it lasts, see which nodes are down or cut off",
  ],
  OVERLOADED: [
    "a named limit was reached; the message and the detail say which",
    "call again later, with fewer requests at once; a client with many unreleased results releases them first",
  ],
  DISK_FULL: [
    "the log cannot make a new segment: there is no space",
    "free space on the node's disk; writes go on by themselves, reads were never stopped",
  ],
  TOO_LARGE: [
    "the request or the result is larger than a limit",
    "send less at once: split the command, or ask by pages",
  ],
  BAD_COMMAND: [
    "the bytes are no command, query or request that the machine knows",
    "bring client and nodes to the same version; check the arguments",
  ],
  UNKNOWN_MACHINE: ["no machine of that name is part of the log", "check the name; start the nodes with that machine"],
  DENIED: ["the credential does not allow this", "use a credential that does, or have it granted"],
  WRONG_CLUSTER: [
    "the node belongs to another cluster than the one asked for",
    "check the address and the cluster's name",
  ],
  COMPACTED: ["the history that was asked for is gone", "read the present state, and watch from its revision"],
  TOO_STALE: [
    "the replica has not yet applied what was asked for",
    "ask again, ask another node, or read at level linearizable",
  ],
  BURNT: [
    "the number was settled as not applied, and never will be",
    "send the command again under a new number, if it is still wanted",
  ],
  MACHINE_FAULT: [
    "the machine threw, or did not understand the command: that is the result for ever",
    "bring client and nodes to the same version; otherwise mend the machine",
  ],
  LOCK_LOST: [
    "the lock is not held any more, or that cannot be believed at this moment",
    "stop what it protected; acquire it again, which gives a new token",
  ],
  FENCED: ["the resource has seen a higher fencing token than this one", "stop: somebody else holds the lock now"],
  LOG_FAILED: [
    "a write or sync of the log failed; what the disk holds is uncertain",
    "replace the disk, or restart the node once the cause is gone: it recovers from what is readable",
  ],
  LOG_CORRUPT: [
    "bytes of the log or of an image are damaged",
    "repair from the peers; where that cannot be, the node rejoins as a non-voter of a new incarnation",
  ],
  LOG_NEWER: ["the log or the image was written by a newer program", "start the newer program; a log never goes back"],
  FOLDER_IN_USE: [
    "another process holds the data folder",
    "stop the process that the message names, or choose another folder",
  ],
  NOT_FORMED: ["the cluster has not been formed yet", "start all initial members, each with the same list of members"],
  WIPED: [
    "the data folder is empty or an old copy, but the cluster is formed: the node must not vote under its old name",
    "let it join as a non-voter of a new incarnation",
  ],
  DIVERGED: [
    "two replicas applied the same entries with different results",
    "stop the node with the minority's state and keep its folder; find the impure machine or the differing versions",
  ],
  ASSERTION: [
    "what must always hold in the protocol did not: a defect of the program, or memory that cannot be trusted",
    "keep the folder and the message, and report both; the node may be started again: it recovers from its log",
  ],
  BAD_OPTION: [
    "an option or a setting is missing, unknown or out of its bounds",
    "correct the option that the message names",
  ],
  PORT_IN_USE: ["the port is taken by another process", "choose another port, or stop that process"],
  NOT_WRITABLE: [
    "the data folder cannot be written",
    "give the process the right to write there, or choose another folder",
  ],
};

/** Every code, in the order of `Code`. */
export const codes: readonly CodeEntry[] = (Object.keys(MEANINGS) as Code[]).map((code) => ({
  code,
  meaning: MEANINGS[code][0],
  action: MEANINGS[code][1],
}));

/** The entry of one code. */
export function codeEntry(code: Code): CodeEntry {
  const [meaning, action] = MEANINGS[code];
  return { code, meaning, action };
}
