import { type Suffices, votesIn } from "./suffices.ts";

/**
 * More than half of the voters in more than half of the zones, for both phases. Two such sets share a zone, and in it a
 * voter. A whole zone may be lost, and a minority of each zone that is left.
 */
export function zones(zoneOfVoter: readonly number[]): { prepare: Suffices; accept: Suffices } {
  const bitsOfZone = new Map<number, number>();
  zoneOfVoter.forEach((zone, index) => bitsOfZone.set(zone, (bitsOfZone.get(zone) ?? 0) | (1 << index)));
  const masks = [...bitsOfZone.values()];
  const suffices: Suffices = (votes) => {
    let won = 0;
    for (const mask of masks) if (votesIn(votes & mask) * 2 > votesIn(mask)) won++;
    return won * 2 > masks.length;
  };
  return { prepare: suffices, accept: suffices };
}
