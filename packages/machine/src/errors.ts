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
  // of a node: it stops serving and says what to do
  | "LOG_FAILED"
  | "LOG_CORRUPT"
  | "LOG_NEWER"
  | "FOLDER_IN_USE"
  | "NOT_FORMED"
  | "WIPED"
  | "DIVERGED"
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
