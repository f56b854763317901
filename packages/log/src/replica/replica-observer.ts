import type { Composite } from "@quorate/machine";
import type { Durable, Engine, Entry, Member, Output } from "@quorate/paxos";
import type { SnapshotHead } from "../wal/group-log.ts";

/**
 * Sees what a replica does, as it does it: for simulators, tests and tracing. What it is given belongs to the replica and may be used again
 * after the call, except entries, messages, records and heads, which never change. It must neither throw nor call the replica.
 */
export interface ReplicaObserver {
  /** The replica begins. `durable`: the engine's first state, as recovery read it; `life`: of the process; `composite`: the state at `durable.base`. */
  began(self: Member, life: number, durable: Durable, composite: Composite): void;
  /** One output of the engine, before any of it is carried out. `nowMs`: the clock that the engine was told. */
  output(output: Output, nowMs: number): void;
  /** Reads that came together are handed to the engine, which is to name their bound under `token`. */
  readsAsked(token: number): void;
  /** They are answered, now, from the state as it is. `validUntilMs`: of the lease that their bound rests on; Infinity: it rests on none. */
  readsAnswered(bound: number, validUntilMs: number): void;
  /** `entry` was applied; `counted`: it is not void (rule 9), and `composite` has taken it in. */
  applied(entry: Entry, counted: boolean, composite: Composite): void;
  /** A checkpoint begins, of `composite` as it is now: the state after `head.slot`. */
  checkpointing(head: SnapshotHead, composite: Composite): void;
  /** A checkpoint of the state after `head.slot` is durable, and the log below it may go. */
  checkpointed(head: SnapshotHead): void;
  /** The state was replaced by a snapshot from a peer, and the engine knows. It is to be looked at by way of a copy only. */
  installed(head: SnapshotHead, composite: Composite, engine: Pick<Engine, "copy">): void;
}
