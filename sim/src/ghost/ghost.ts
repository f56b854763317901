import { type Composite, crc32c, decodeBatch, type RequestId, type Settlement } from "@quorate/machine";
import type { PeerMessage } from "@quorate/log";
import type { Speaker } from "@quorate/paxos";
import type { Coverage } from "../coverage/sometimes.ts";
import type { InvariantId } from "../invariants/catalogue.ts";
import { valueIdentity } from "./value-identity.ts";
import { Unobservant } from "../world/observer.ts";

/** What the first replica that applied a batch found; all others must find the same. */
interface AppliedBatch {
  readonly node: number;
  readonly checksum: number;
  readonly revision: number;
  readonly logTimeMs: number;
  readonly digest: number;
}

interface Effect {
  readonly revision: number;
  readonly replyChecksum: number;
}

/** Says that an invariant is broken. Does not throw: the step runs to its end, and the run ends after it. */
export type Report = (invariant: InvariantId, witness: string) => void;

/** What an observer knows who sees every process at once: the one log, and what became of each request. */
export class Ghost extends Unobservant {
  readonly #report: Report;
  readonly #coverage: Coverage;
  /** By place in the order of batches that count, from 1. */
  readonly #batches: AppliedBatch[] = [];
  readonly #effects = new Map<string, Effect>();
  readonly #revisions = new Map<number, string>();
  /** Requests whose caller was told that they are not applied. */
  readonly #denied = new Map<string, string>();
  /** Requests whose caller was told that nobody knows. */
  readonly #unknown = new Set<string>();
  /** The node that opened each ballot. */
  readonly #openings = new Map<number, number>();
  /** Per slot: ballots and the checksum of what they propose in it. */
  readonly #proposed = new Map<number, Map<number, number>>();
  readonly #checksums = new WeakMap<Uint8Array, number>();

  constructor(report: Report, coverage: Coverage) {
    super();
    this.#report = report;
    this.#coverage = coverage;
  }

  /** Batches that somebody applied. */
  get length(): number {
    return this.#batches.length;
  }

  /** A replica applied its batch number `index`. */
  stepped(node: number, index: number, batch: Uint8Array, composite: Composite): void {
    const { revision, logTimeMs, digest } = composite;
    const found = { node, checksum: this.#checksum(batch), revision, logTimeMs, digest };
    const first = this.#batches[index - 1];
    if (first === undefined) {
      if (index !== this.#batches.length + 1) {
        this.#report(
          "D2",
          `node ${node} applied batch ${index} while batch ${this.#batches.length + 1} is nobody's yet`,
        );
        return;
      }
      this.#batches.push(found);
    } else if (first.checksum !== found.checksum) {
      this.#report("D2", `batch ${index} at node ${node} (${describe(batch)}) is another than at node ${first.node}`);
    } else if (!same(first, found)) {
      this.#report("D5", `after batch ${index} node ${node} has ${show(found)}, node ${first.node} has ${show(first)}`);
    }
  }

  /** A replica was restored to the state after batch `index`. */
  restored(node: number, index: number, composite: Composite, running: boolean): void {
    if (running) this.#coverage.hit("snapshot installed while running");
    const { revision, logTimeMs, digest } = composite;
    const found = { node, checksum: 0, revision, logTimeMs, digest };
    const first = this.#batches[index - 1];
    if (index === 0 ? revision === 0 : first !== undefined && same(first, found)) return;
    const known = first === undefined ? "nobody applied it" : `node ${first.node} had ${show(first)}`;
    this.#report("E1", `the snapshot at node ${node} after batch ${index} has ${show(found)}, but ${known}`);
  }

  /** The log's word on one request, at one replica. */
  settled(node: number, request: RequestId, settlement: Settlement, revisionBefore: number): void {
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
      this.#effects.set(id, { revision: settlement.revision, replyChecksum });
      this.#revisions.set(settlement.revision, id);
      const told = this.#denied.get(id);
      if (told !== undefined) this.#report("J3", `request ${id} was applied at ${settlement.revision}, after ${told}`);
      return;
    }
    if (settlement.revision <= revisionBefore) this.#coverage.hit("retry answered from the session");
    if (known.revision !== settlement.revision) {
      const both = `${known.revision} and, at node ${node}, ${settlement.revision}`;
      this.#report("F1", `request ${id} took effect at revisions ${both}`);
    } else if (known.replyChecksum !== replyChecksum) {
      this.#report("F2", `request ${id} has another reply at node ${node}`);
    }
  }

  /** A caller was told that its write stands at `revision`. */
  acknowledged(revision: number, what: string): void {
    if (!this.#revisions.has(revision)) {
      this.#report("J2", `${what} was acknowledged at revision ${revision}, where the log has no request`);
    }
  }

  /** A caller was told that its request is not applied. */
  denied(request: RequestId, what: string): void {
    const id = nameOf(request);
    this.#denied.set(id, what);
    const effect = this.#effects.get(id);
    if (effect !== undefined) this.#report("J3", `request ${id} is applied at ${effect.revision}, despite ${what}`);
  }

  /** A caller was told that nobody knows yet. */
  unknown(request: RequestId): void {
    this.#unknown.add(nameOf(request));
  }

  /** At the end: what became of the requests of unknown outcome. */
  countUnknown(): void {
    for (const id of this.#unknown) {
      this.#coverage.hit(this.#effects.has(id) ? "unknown outcome, applied" : "unknown outcome, not applied");
    }
  }

  /** A node says that it is open in a ballot. */
  opened(node: number, ballot: number): void {
    const first = this.#openings.get(ballot);
    if (first === undefined) this.#openings.set(ballot, node);
    else if (first !== node) this.#report("B1", `nodes ${first} and ${node} are both open in ballot ${ballot}`);
  }

  override messageSent(node: number, _speaker: Speaker, _to: readonly number[], message: PeerMessage): void {
    if (message.kind === "reject") this.#coverage.hit("ballot rejected");
    else if (message.kind === "promise" && message.votes.length > 0) this.#coverage.hit("promise carrying a vote");
    else if (message.kind === "accept") {
      for (const entry of message.entries) {
        if (entry.kind === "noop") this.#coverage.hit("hole filled with a no-op");
        this.#proposes(node, entry.slot, message.ballot, this.#checksum(entry.bytes));
      }
    }
  }

  #proposes(node: number, slot: number, ballot: number, checksum: number): void {
    let ballots = this.#proposed.get(slot);
    if (ballots === undefined) this.#proposed.set(slot, (ballots = new Map()));
    const first = ballots.get(ballot);
    if (first === undefined) {
      ballots.set(ballot, checksum);
      if (ballots.size === 3) this.#coverage.hit("three leaders in one slot");
    } else if (first !== checksum) {
      this.#report("B2", `node ${node} sends another value for slot ${slot} in ballot ${ballot} than was sent before`);
    }
  }

  #checksum(bytes: Uint8Array): number {
    let checksum = this.#checksums.get(bytes);
    if (checksum === undefined) this.#checksums.set(bytes, (checksum = valueIdentity(bytes)));
    return checksum;
  }
}

function same(left: AppliedBatch, right: AppliedBatch): boolean {
  return left.revision === right.revision && left.logTimeMs === right.logTimeMs && left.digest === right.digest;
}

function show({ revision, logTimeMs, digest }: AppliedBatch): string {
  return `revision ${revision}, log time ${logTimeMs}, digest ${digest}`;
}

function nameOf({ session, number }: RequestId): string {
  return `${session}:${number}`;
}

function describe(batch: Uint8Array): string {
  const { commands } = decodeBatch(batch);
  return commands.map(({ request, machine }) => `${machine} ${nameOf(request)}`).join(", ") || "a clock step";
}
