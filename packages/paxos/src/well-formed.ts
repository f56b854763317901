import { type Ballot, NODE_MAX, nodeOf, roundOf } from "./ballot.ts";
import type { Entry } from "./entry.ts";
import { decodeMembers } from "./members-codec.ts";
import { type Message, SLOT_MAX } from "./message.ts";

/** No ballot is higher: there is always a next one that is still a safe integer. */
const BALLOT_MAX: Ballot = 2 ** 52;

/**
 * Whether an engine of this version could have said `message`, as far as the message alone tells. Whatever codec it came
 * through: an engine asserts nothing about what others say. What is well-formed may still be a lie: Paxos is safe against
 * nodes that are slow, gone or forgetful, not against those that lie.
 */
export function isWellFormed(message: Message): boolean {
  switch (message.kind) {
    case "canvass":
      return message.ballot === 0 || isBallot(message.ballot);
    case "canvass-answer":
      return (message.ballot === 0 || isBallot(message.ballot)) && isPromised(message.promised);
    case "prepare":
      return isBallot(message.ballot) && isSlot(message.slotFrom);
    case "promise": {
      const { ballot, slotFrom, slotTo, chosenTo, votes, faulty } = message;
      if (!isBallot(ballot) || !isSlot(slotFrom) || !isSlot(slotTo) || slotTo < slotFrom) return false;
      const from = Math.max(slotFrom, chosenTo + 1);
      return (
        areWithin(
          votes.map((vote) => vote.slot),
          from,
          slotTo,
        ) &&
        areWithin(faulty, from, slotTo) &&
        votes.every(isEntry)
      );
    }
    case "reject":
      return isBallot(message.ballot) && isPromised(message.promised);
    case "accept": {
      const { ballot, startSlot, entries } = message;
      if (!isBallot(ballot) || !isSlot(startSlot) || !areConsecutive(entries)) return false;
      for (const entry of entries) if (entry.ballot !== ballot || !isVoteOf(ballot, entry)) return false;
      return true;
    }
    case "accepted":
    case "heartbeat-answer":
    case "resign":
      return isBallot(message.ballot);
    case "heartbeat":
      return isBallot(message.ballot) && isSlot(message.startSlot);
    case "fetch":
      return isSlot(message.slotFrom);
    case "learn": {
      const { entries, floors } = message;
      const changes = entries.filter((entry) => entry.kind === "members").length;
      return (
        areConsecutive(entries) &&
        entries.every(isEntry) &&
        floors.length === changes &&
        floors.every((floor) => isPromised(floor))
      );
    }
    case "read-request":
    case "read-bound":
      return true;
  }
}

function isBallot(ballot: Ballot): boolean {
  const node = nodeOf(ballot);
  return Number.isSafeInteger(ballot) && ballot <= BALLOT_MAX && roundOf(ballot) >= 1 && node >= 1 && node <= NODE_MAX;
}

/** What may be promised: a ballot, or nothing yet. */
function isPromised(ballot: Ballot): boolean {
  return Number.isSafeInteger(ballot) && ballot >= 0 && ballot <= BALLOT_MAX;
}

function isSlot(slot: number): boolean {
  return Number.isSafeInteger(slot) && slot >= 1 && slot <= SLOT_MAX;
}

function isEntry(entry: Entry): boolean {
  return isBallot(entry.ballot) && isVoteOf(entry.ballot, entry);
}

/** `ballot` is one. */
function isVoteOf(ballot: Ballot, { slot, origin, kind, bytes }: Entry): boolean {
  if (!isSlot(slot) || origin > ballot || (origin !== ballot && !isBallot(origin))) return false;
  switch (kind) {
    case "batch":
      return true;
    case "noop":
      return bytes.length === 0;
    case "members":
      return decodeMembers(bytes) !== null;
    default:
      return false;
  }
}

/** At least one, and no slot left out. */
function areConsecutive(entries: readonly Entry[]): boolean {
  for (let index = 1; index < entries.length; index++)
    if (entries[index]!.slot !== entries[index - 1]!.slot + 1) return false;
  return entries.length > 0;
}

/** Ascending, each once, from `from` to `to`. */
function areWithin(slots: readonly number[], from: number, to: number): boolean {
  let last = from - 1;
  for (const slot of slots) {
    if (!(slot > last)) return false;
    last = slot;
  }
  return slots.length === 0 || last <= to;
}
