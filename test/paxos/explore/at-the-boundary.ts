import { type Ballot, type Entry, type Message, showBallot } from "@quorate/paxos";
import type { Violation } from "./explorer.ts";
import { valueOf } from "./facts.ts";
import type { Local } from "./local.ts";

/** A3: a vote is cast in the promised ballot or above it, and raises it. */
export function wrongVote(promised: Ballot, { slot, ballot }: Entry): Violation | null {
  if (ballot === promised) return null;
  const why = `slot ${slot} is accepted in ballot ${showBallot(ballot)} while ${showBallot(promised)} is promised`;
  return { invariant: "A3", why };
}

/** A2 and A5: what a promise or an accepted says stands on the disk as it leaves. */
export function notOnDisk(
  { durable, startSlot }: Pick<Local, "durable" | "startSlot">,
  message: Message,
): Violation | null {
  if (message.kind === "prepare" || message.kind === "promise" || message.kind === "accepted") {
    if (durable.promised < message.ballot) {
      const why = `${message.kind} of ballot ${showBallot(message.ballot)} leaves, the disk has ${showBallot(durable.promised)}`;
      return { invariant: "A2", why };
    }
  }
  if (message.kind === "accepted") {
    for (const entry of durable.accepted) {
      if (entry.slot > message.acceptedTo || entry.slot < startSlot || entry.slot <= message.chosenTo) continue;
      if (entry.ballot < message.ballot) {
        const why = `slot ${entry.slot} is said accepted in ${showBallot(message.ballot)}, the disk has it in ${showBallot(entry.ballot)}`;
        return { invariant: "A2", why };
      }
    }
  }
  if (message.kind === "promise") {
    const from = Math.max(message.slotFrom, message.chosenTo + 1);
    for (const entry of durable.accepted) {
      if (entry.slot < from || entry.slot > message.slotTo || entry.ballot >= message.ballot) continue;
      const told = message.votes.find((vote) => vote.slot === entry.slot);
      if (told === undefined || told.ballot !== entry.ballot || valueOf(told) !== valueOf(entry)) {
        const why = `the promise of ${showBallot(message.ballot)} does not tell the vote for slot ${entry.slot} in ${showBallot(entry.ballot)}`;
        return { invariant: "A5", why };
      }
    }
  }
  return null;
}
