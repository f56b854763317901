import type { Code, Outcome, ReadLevel, Reply } from "@quorate/machine";
import { QuorateError } from "@quorate/machine";
import type { ClientFrame, ErrorFrame, ServerFrame } from "./dial.ts";
import type { Exchange, Link } from "./link.ts";
import type { Session } from "./session.ts";

/** How a request ends: once. */
export type Told = (error: QuorateError | null, reply: Reply | null) => void;

/** What a request needs of the client that it belongs to. */
export interface RequestOwner {
  /** A reply came; `request` is over. */
  answered(request: Request, link: Link, reply: Reply): void;
  /** The replica refused this copy, or could not say; `request` is to be sent again, or ends. */
  refused(request: Request, link: Link, error: ErrorFrame): void;
  /** The connection ended with a copy under way; `request` is to be sent again. */
  lost(request: Request): void;
  /** Grows with every suspension (rule 26). */
  readonly era: number;
}

/** What to ask. */
export type Question =
  /** With a request number: applied exactly once. */
  | { readonly kind: "call"; readonly machine: string; readonly bytes: Uint8Array }
  | {
      readonly kind: "read";
      readonly machine: string;
      readonly bytes: Uint8Array;
      readonly level: ReadLevel;
      /** 0: any. */
      readonly at: number;
    };

/**
 * One call or read on its way. At most one copy of it is under way at a time. Its number, once given, is the same in every copy, and the
 * moment when the first copy left is kept: beliefs count from it (rule 25).
 */
export class Request implements Exchange {
  readonly question: Question;
  readonly deadlineMs: number;
  readonly timeoutMs: number;
  readonly told: Told;
  /** A call that keeps the session itself going; has a number beyond the window, and no caller to tell of `unknown`. */
  readonly internal: boolean;
  /** The session whose number it has; null: none yet, or a read, or an opening. */
  session: Session | null = null;
  number = 0;
  firstSentMs = -1;
  /** The era when the first copy left: what began in an earlier one confirms nothing (rule 26). */
  era = 0;
  /** A copy may have reached an engine, and what became of it is not known here. */
  inDoubt = false;
  /** The link of the copy under way. */
  link: Link | null = null;
  /** The last refusal, for the error at the end. */
  refusal: ErrorFrame | null = null;
  isOver = false;
  /** Not sent again before this; and how often it was refused where no other replica would do. */
  notBeforeMs = 0;
  refusals = 0;
  /** Undoes what was registered with an AbortSignal. */
  unlisten: (() => void) | null = null;
  readonly #owner: RequestOwner;
  #id = 0;

  constructor(
    owner: RequestOwner,
    question: Question,
    nowMs: number,
    timeoutMs: number,
    internal: boolean,
    told: Told,
  ) {
    this.#owner = owner;
    this.question = question;
    this.timeoutMs = timeoutMs;
    this.deadlineMs = timeoutMs === 0 ? Infinity : nowMs + timeoutMs;
    this.internal = internal;
    this.told = told;
  }

  /** Whether it may have been applied, as far as is known here (rule 24). A read never is. */
  get mayBeApplied(): boolean {
    return this.question.kind === "call" && (this.inDoubt || this.link !== null);
  }

  /** Sends one copy. `nowMs`: not later than the frame leaves. */
  send(link: Link, nowMs: number, minRevision: number): void {
    this.link = link;
    if (this.firstSentMs < 0) {
      this.firstSentMs = nowMs;
      this.era = this.#owner.era;
    }
    this.#id = link.ask((id) => this.#frame(id, minRevision), this);
  }

  received(frame: ServerFrame, link: Link): void {
    this.link = null;
    if (this.isOver) return;
    if (frame.kind === "reply") {
      const { bytes, revision, logTimeMs } = frame;
      this.#owner.answered(this, link, { bytes, revision, logTimeMs });
    } else if (frame.kind === "error") {
      if (frame.outcome === "unknown" && !frame.settled) this.inDoubt = true;
      this.refusal = frame;
      this.#owner.refused(this, link, frame);
    } else {
      this.inDoubt = true;
      link.fail(`answered a ${this.question.kind} with a ${frame.kind}`);
      this.#owner.lost(this);
    }
  }

  lost(): void {
    this.link = null;
    this.inDoubt = true;
    if (!this.isOver) this.#owner.lost(this);
  }

  /** Ends it here. Of a copy under way nothing is awaited any more, which decides nothing. */
  end(error: QuorateError | null, reply: Reply | null): void {
    if (this.isOver) return;
    this.isOver = true;
    this.unlisten?.();
    this.unlisten = null;
    this.link?.forget(this.#id);
    this.told(error, reply);
  }

  /** The log burnt the number and nothing else: a fresh one may be taken. */
  renumber(): void {
    this.session = null;
    this.number = 0;
    this.firstSentMs = -1;
    this.inDoubt = false;
  }

  /** What it is called in messages. */
  describe(): string {
    const { kind, machine } = this.question;
    const name = this.number === 0 ? "" : ` (request ${this.number} of session ${this.session?.id ?? 0})`;
    return `${kind === "call" ? "The call to" : "The read from"} "${machine}"${name}`;
  }

  #frame(id: number, minRevision: number): ClientFrame {
    const { question } = this;
    if (question.kind === "call") {
      return {
        kind: "call",
        id,
        session: this.session?.id ?? 0,
        number: this.number,
        releasedTo: this.session?.releasedTo ?? 0,
        machine: question.machine,
        command: question.bytes,
      };
    }
    return {
      kind: "read",
      id,
      level: question.level,
      minRevision: question.level === "session" ? minRevision : 0,
      machine: question.machine,
      query: question.bytes,
    };
  }
}

/** The error of a request as its caller sees it. `code` and `outcome` are those of the frame unless said otherwise. */
export function requestError(
  request: Request,
  code: Code,
  outcome: Outcome,
  why: string,
  detail: Readonly<Record<string, string | number>> = {},
): QuorateError {
  const id = request.number > 0 ? { session: request.session?.id ?? 0, number: request.number } : null;
  const unknown = outcome === "unknown" ? " Whether it was applied is not known yet: settle() asks the log." : "";
  return new QuorateError(code, outcome, `${request.describe()} ${why}.${unknown}`, detail, id);
}
