import type { Caller, CallOptions, ReadOptions } from "@quorate/machine";

import { commandCodec, resultCodec } from "../machine/command.ts";
import type { Leader } from "../machine/election.ts";
import { LOCK_MACHINE } from "../machine/machine.ts";
import { answerCodec, eventCodec, queryCodec, watchCodec } from "../machine/query.ts";
import { lostError, strangeAnswer } from "./errors.ts";
import type { HeldLock } from "./held-lock.ts";
import { type AcquireOptions, checkedName, type LockClient } from "./lock.ts";

/** A term: from the election until it is resigned or lost. */
export interface Leadership {
  /** The lock that makes the leader: its state, its signal, `assertHeld`, and the token of the term. */
  readonly held: HeldLock;
  /** Tells the observers something else. Throws QuorateError `LOCK_LOST` if the term is over. */
  proclaim(value: Uint8Array, options?: CallOptions): Promise<void>;
  /** Ends the term; the next candidate is elected at once. */
  resign(): Promise<void>;
}

/** One of several clients leads, and all can see who. The name of an election is the name of its lock. */
export interface Election {
  /** Waits in line and resolves once elected; options as of `acquire`. */
  campaign(value: Uint8Array, options?: Omit<AcquireOptions, "value" | "shared" | "permits">): Promise<Leadership>;
  /** Who leads, null: nobody. */
  leader(options?: ReadOptions): Promise<Leader | null>;
  /** The present leader first, then every change that is still so when it is told: a slow observer sees the newest, not each. */
  observe(options?: CallOptions): AsyncIterable<Leader | null>;
}

/** An election over the locks of `caller`. */
export function election(name: string, caller: Caller, locks: LockClient): Election {
  return new LockElection(checkedName(name), caller, locks);
}

class LockElection implements Election {
  private readonly name: string;
  private readonly caller: Caller;
  private readonly locks: LockClient;

  constructor(name: string, caller: Caller, locks: LockClient) {
    this.name = name;
    this.caller = caller;
    this.locks = locks;
  }

  async campaign(
    value: Uint8Array,
    options: Omit<AcquireOptions, "value" | "shared" | "permits"> = {},
  ): Promise<Leadership> {
    const held = await this.locks.acquire(this.name, { ...options, value });
    return {
      held,
      proclaim: (next, callOptions = {}) => this.proclaim(held, next, callOptions),
      resign: () => held.release(),
    };
  }

  async leader(options: ReadOptions = {}): Promise<Leader | null> {
    const reply = await this.caller.read(LOCK_MACHINE, queryCodec.encode({ kind: "leader", lock: this.name }), options);
    const answer = answerCodec.decode(reply.bytes);
    if (answer.kind !== "leader") throw strangeAnswer("leader", answer.kind);
    return answer.leader;
  }

  async *observe(options: CallOptions = {}): AsyncGenerator<Leader | null, void, undefined> {
    const request = watchCodec.encode({ kind: "leader", lock: this.name });
    let told = "";
    for await (const reply of this.caller.watch(LOCK_MACHINE, () => request, { timeoutMs: 0, ...options })) {
      const event = eventCodec.decode(reply.bytes);
      if (event.kind !== "leader") throw strangeAnswer("watch", event.kind);
      const { leader } = event;
      // After a reconnect the present state is told once more.
      const mark = leader === null ? "nobody" : `${leader.token} ${leader.valueRevision} ${leader.endsAtMs}`;
      if (mark !== told) yield leader;
      told = mark;
    }
  }

  private async proclaim(held: HeldLock, value: Uint8Array, options: CallOptions): Promise<void> {
    held.assertHeld();
    const command = commandCodec.encode({ kind: "proclaim", claim: held.claim, token: held.token, value });
    const reply = await this.caller.call(LOCK_MACHINE, command, options);
    const result = resultCodec.decode(reply.bytes);
    if (result.kind !== "proclaimed") throw strangeAnswer("proclaim", result.kind);
    if (!result.proclaimed) throw lostError(this.name, held.token, "the log says that the term is over");
  }
}
