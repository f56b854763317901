import type { Ballot } from "./ballot.ts";
import type { Members } from "./members.ts";
import type { Message, Speaker } from "./message.ts";
import type { Output } from "./output.ts";

/** What became of a batch. Only `taken` was proposed; every other answer means that nothing happened. */
export type Proposed = "taken" | "overloaded" | "not leader" | "barrier";

/** Why a wish was refused; nothing happened. */
export interface Refusal {
  readonly why: string;
}

/** What an engine is going to be given. Whatever nothing of it depends on is left out of a fingerprint. */
export interface Future {
  /** False: it campaigns when told to, by `campaignNow`, and by no timeout. */
  readonly ticks: boolean;
  /** False: its disk stands still for the rest of its life. */
  readonly syncs: boolean;
}

/** One door in and one door out; synchronous, deterministic, without clock, disk or socket. */
export interface Engine {
  /** `nowMs` of a monotonic clock, read after a turn's input was gathered and before it is given here. At least every 10 ms. */
  tick(nowMs: number): void;
  receive(from: Speaker, message: Message): void;
  /** `opening` is the ballot whose opening the batch was stamped for (rule 8). */
  propose(opening: Ballot, batch: Uint8Array): Proposed;
  /** Asks for a bound; answered in `Output.reads`. `lease`: a lease answers at once where one is held. `token` is unique in this life. */
  read(token: number, lease: boolean): void;
  /** The records up to `seq` are durable, in write unit `unit` or an earlier one. */
  persisted(seq: number, unit: number): void;
  /** Everything to `slot` is applied. */
  applied(slot: number): void;
  /** A durable checkpoint covers everything to `slot`. */
  checkpointed(slot: number): void;
  /** A snapshot that covers everything to `slot` is installed, durably, with the sets it carried. */
  installed(slot: number, governing: Output["governing"]): void;
  /** A redial of `node` was refused: its process is gone (rule 22). */
  suspect(node: number): void;
  /** The machine slept or a clock jumped: leases and grants are void (rule 26). */
  suspended(): void;
  /** Proposes the first step from the set in force toward `target`; further steps follow by themselves. `null`: taken. */
  changeMembers(target: Members): Refusal | null;
  transferTo(node: number): Refusal | null;
  stepDown(): void;
  output(): Output;
  /** Whether the coming output hands anything out, or says anything else of this engine than the last one did. If not, it may be left out. */
  readonly hasOutput: boolean;
  /** Campaigns at once, without canvassing: for explorer, stepper and tests. Safe at any time, and rude. */
  campaignNow(): void;
  /** For explorer, stepper and tests. */
  copy(): Engine;
  /** Equal for engines that behave alike from now on, counters aside, given only the inputs that `future` allows. */
  fingerprint(future?: Future): string;
}
