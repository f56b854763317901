import type { SnapshotHead } from "@quorate/log";
import { type Engine, nextBallot, type PromiseMessage } from "@quorate/paxos";

/** Of a disk that nobody has heard of yet, so that it is listened to. */
const UNIT = 1;

/**
 * What a node would promise to the next who asks, found out from a copy of its engine: the first page of it. Null: it promises nobody now, or there is nobody
 * else who could ask.
 */
export function wouldPromise(
  engine: Pick<Engine, "copy">,
  node: number,
  { slot, governing }: SnapshotHead,
): PromiseMessage | null {
  const asking = governing.members.voters.find((voter) => voter.node !== node);
  if (asking === undefined) return null;
  const copy = engine.copy();
  const { promised, speaker } = copy.output();
  const from = { ...asking, life: Number.MAX_SAFE_INTEGER, unit: UNIT, unitAtStart: UNIT };
  const ballot = nextBallot(promised, asking.node);
  copy.receive(from, { kind: "prepare", ballot, slotFrom: slot + 1, chosenTo: slot });
  copy.persisted(copy.output().seq, speaker.unit + 1);
  for (const { message } of copy.output().sends) {
    if (message.kind === "promise" && message.ballot === ballot) return message;
  }
  return null;
}
