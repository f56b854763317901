import type { PeerMessage } from "@quorate/log";
import { showBallot, SLOT_MAX } from "@quorate/paxos";

function slots(from: number, to: number): string {
  if (to >= SLOT_MAX) return `slots ${from} and all above`;
  return from === to ? `slot ${from}` : `slots ${from} to ${to}`;
}

/** A message between nodes in a few words, ballots as round.node. */
export function describeMessage(message: PeerMessage): string {
  switch (message.kind) {
    case "canvass":
      return message.ballot === 0 ? "canvass: what is chosen?" : `canvass ${showBallot(message.ballot)}?`;
    case "canvass-answer":
      return `canvass ${showBallot(message.ballot)}: ${message.granted ? "yes" : "no"}, promised ${showBallot(message.promised)}`;
    case "prepare":
      return `prepare ${showBallot(message.ballot)} from slot ${message.slotFrom}`;
    case "promise": {
      const votes = message.votes.map(({ slot, ballot }) => `${slot} in ${showBallot(ballot)}`);
      const shown =
        votes.length === 0 ? "no votes" : `votes ${votes.slice(0, 8).join(", ")}${votes.length > 8 ? ", …" : ""}`;
      const faulty = message.faulty.length === 0 ? "" : `, faulty ${message.faulty.join(" ")}`;
      return `promise ${showBallot(message.ballot)}, chosen to ${message.chosenTo}, ${shown}${faulty}`;
    }
    case "reject":
      return `reject ${showBallot(message.ballot)}, promised ${showBallot(message.promised)}`;
    case "accept": {
      const { entries } = message;
      const range = slots(entries[0]?.slot ?? 0, entries.at(-1)?.slot ?? 0);
      const chosen = message.ackTo < message.ackFrom ? "" : `, chosen ${message.ackFrom} to ${message.ackTo}`;
      return `accept ${showBallot(message.ballot)} ${range} ${[...new Set(entries.map(({ kind }) => kind))].join("+")}${chosen}`;
    }
    case "accepted":
      return `accepted ${showBallot(message.ballot)} to ${message.acceptedTo}`;
    case "heartbeat":
      return `heartbeat ${showBallot(message.ballot)} round ${message.round}, chosen to ${message.chosenTo}`;
    case "heartbeat-answer":
      return `heartbeat-answer ${showBallot(message.ballot)} round ${message.round}, accepted to ${message.acceptedTo}`;
    case "fetch":
      return `fetch from slot ${message.slotFrom}`;
    case "learn":
      return `learn ${slots(message.entries[0]?.slot ?? 0, message.entries.at(-1)?.slot ?? 0)}`;
    case "read-request":
      return `read-request ${message.token}`;
    case "read-bound":
      return `read-bound ${message.token}: ${message.bound < 0 ? "not leading" : message.bound}`;
    case "resign":
      return `resign ${showBallot(message.ballot)}${message.successor === 0 ? "" : `, to node ${message.successor}`}`;
    case "snapshot-chunk":
      return `snapshot-chunk to slot ${message.slot} at ${message.position} of ${message.bytesTotal}`;
    case "snapshot-wanted":
      return `snapshot-wanted to slot ${message.slot} from ${message.position}`;
    case "digest":
      return `digest after slot ${message.slot}`;
    case "forming":
      return `forming: ${message.state}`;
    case "old-copy":
      return `old-copy: unit ${message.unit} was heard of that disk`;
    default:
      return (message as { kind: string }).kind;
  }
}
