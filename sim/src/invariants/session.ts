import { commandsOf } from "../ghost/value.ts";
import {
  type BatchCommand,
  type Composite,
  crc32c,
  type Reply,
  type RequestId,
  SESSION_MACHINE,
  sessionCommands,
  sessionResults,
} from "@quorate/machine";
import type { Entry } from "@quorate/paxos";
import { GhostSessions } from "../ghost/sessions.ts";
import type { Settled } from "../ghost/step-outcomes.ts";
import type { CallKind } from "../world/observer.ts";
import { Checker } from "./checker.ts";

interface Effect {
  readonly revision: number;
  readonly replyChecksum: number;
  /** The ballot that first proposed the batch that took effect. */
  origin: number;
}

/** F1 to F3, and what the log says of requests for J2 and J3: what took effect, once, and within the life of its session. */
export class SessionChecker extends Checker {
  /** What the log alone says of sessions. */
  readonly sessions: GhostSessions = new GhostSessions();
  readonly #effects = new Map<string, Effect>();
  readonly #revisions = new Map<number, string>();
  /** Requests whose caller was told that they are not applied. */
  readonly #denied = new Map<string, string>();
  /** Requests whose caller was told that nobody knows. */
  readonly #unknown = new Set<string>();
  /** Calls of machines that wait for their answer, and the highest revision that anybody had been told when they began. */
  readonly #calls = new Map<number, number>();
  #toldTo = 0;
  #appliedTo = 0;

  /** What each request did; and of a slot that nobody applied before: what its commands do to sessions, and whether these lived. */
  override applied(node: number, entry: Entry, counted: boolean, composite: Composite): void {
    const step = this.ghost.step.all;
    for (const settled of step) this.#takesEffect(node, settled);
    if (entry.slot <= this.#appliedTo) return;
    this.#appliedTo = entry.slot;
    if (!counted || entry.kind !== "batch") return;
    this.sessions.batchBegins();
    this.sessions.pass(composite.logTimeMs);
    const commands = commandsOf(entry.bytes);
    for (const [index, command] of commands.entries()) {
      this.sessions.commandIs(index);
      this.#judge(node, entry, command, step[index]!, composite.logTimeMs);
    }
  }

  #takesEffect(node: number, { request, settlement }: Settled): void {
    if (settlement.error !== "" || settlement.revision === 0) return;
    const id = nameOf(request);
    if (request.session === 0) {
      // A copy that comes after its session is over opens another one, which nobody uses.
      this.#revisions.set(settlement.revision, id);
      return;
    }
    const replyChecksum = crc32c(settlement.bytes);
    const known = this.#effects.get(id);
    if (known === undefined) {
      this.#effects.set(id, { revision: settlement.revision, replyChecksum, origin: 0 });
      this.#revisions.set(settlement.revision, id);
      const told = this.#denied.get(id);
      if (told !== undefined) this.report("J3", `request ${id} was applied at ${settlement.revision}, after ${told}`);
      return;
    }
    if (known.revision !== settlement.revision) {
      const both = `${known.revision} and, at node ${node}, ${settlement.revision}`;
      this.report("F1", `request ${id} took effect at revisions ${both}`);
    } else if (known.replyChecksum !== replyChecksum) {
      this.report("F2", `request ${id} has another reply at node ${node} than it had first`);
    }
  }

  #judge(node: number, { slot, origin }: Entry, command: BatchCommand, settled: Settled, logTimeMs: number): void {
    const { request, settlement, isNew } = settled;
    const id = nameOf(request);
    if (request.session === 0) {
      if (!isNew || settlement.error !== "") return;
      const { session, ttlMs } = sessionResults.decodeOpened(settlement.bytes);
      return this.sessions.opened(session, ttlMs, logTimeMs);
    }
    const effect = this.#effects.get(id);
    if (effect !== undefined && isNew) effect.origin = origin;
    if (effect !== undefined && !isNew && settlement.revision > 0 && effect.origin !== origin) {
      this.coverage.hit("retry answered from the session after a fail-over");
    }
    const lives = this.sessions.lives(request.session);
    if (isNew && !lives) {
      const why = `session ${request.session} is over: ${this.sessions.why(request.session)}`;
      this.report(
        "F3",
        `request ${id} takes effect at revision ${settlement.revision} in slot ${slot}, at node ${node}, but ${why}`,
      );
    } else if (settlement.error === "SESSION_ENDED" && lives) {
      // With words: it ended now, for what it left unreleased.
      if (settlement.bytes.length > 0) return this.sessions.ended(request.session, "it left too much unreleased");
      this.report(
        "F3",
        `request ${id} is refused in slot ${slot}, at node ${node}: its session is said to be over, but it lives`,
      );
    }
    if (isNew && settlement.error === "" && command.machine === SESSION_MACHINE)
      this.#changes(request.session, command, logTimeMs);
  }

  #changes(session: number, { command }: BatchCommand, logTimeMs: number): void {
    const { kind } = sessionCommands.decode(command);
    if (kind === "renew") this.sessions.renewed(session, logTimeMs);
    if (kind === "close") this.sessions.ended(session, "it was closed");
  }

  // ── what callers were told ──

  override callInvoked(_client: number, call: number, kind: CallKind): void {
    if (kind === "call") this.#calls.set(call, this.#toldTo);
  }

  /** J1, of all machines: what is asked for later stands later in the log. */
  override callAnswered(client: number, call: number, revision: number): void {
    const toldBefore = this.#calls.get(call);
    if (toldBefore === undefined) return;
    this.#calls.delete(call);
    this.#toldTo = Math.max(this.#toldTo, revision);
    if (revision > toldBefore) return;
    const before = `before it began, somebody was told of revision ${toldBefore}`;
    this.report("J1", `call ${call} of client ${client} was carried out at revision ${revision}; ${before}`);
  }

  override callFailed(_client: number, call: number): void {
    this.#calls.delete(call);
  }

  /** J2: a caller was told that its write stands at `revision`. */
  acknowledged(revision: number, what: string): void {
    if (!this.#revisions.has(revision)) {
      this.report("J2", `${what} was acknowledged at revision ${revision}, where the log has no request`);
    }
  }

  /** J2 and F2: a caller has a reply. */
  replied(reply: Reply, what: string): void {
    this.acknowledged(reply.revision, what);
    const effect = this.#effects.get(this.#revisions.get(reply.revision) ?? "");
    if (effect === undefined || effect.replyChecksum === crc32c(reply.bytes)) return;
    this.report("F2", `${what} was answered with other bytes than the log has at revision ${reply.revision}`);
  }

  /** J3: a caller was told that its request is not applied. */
  denied(request: RequestId, what: string): void {
    const id = nameOf(request);
    this.#denied.set(id, what);
    const effect = this.#effects.get(id);
    if (effect !== undefined) this.report("J3", `request ${id} is applied at ${effect.revision}, despite ${what}`);
  }

  /** A caller was told that nobody knows yet. */
  unknown(request: RequestId): void {
    this.#unknown.add(nameOf(request));
  }

  /** At the end: what became of the requests of unknown outcome. */
  countUnknown(): void {
    for (const id of this.#unknown) {
      this.coverage.hit(this.#effects.has(id) ? "unknown outcome, applied" : "unknown outcome, not applied");
    }
  }
}

function nameOf({ session, number }: RequestId): string {
  return `${session}:${number}`;
}
