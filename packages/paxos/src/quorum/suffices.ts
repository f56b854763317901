/** Whether these voters (bit i: the i-th voter of the set) suffice. */
export type Suffices = (votes: number) => boolean;

/** How many bits are set. */
export function votesIn(bits: number): number {
  let rest = bits;
  let count = 0;
  while (rest !== 0) {
    rest &= rest - 1;
    count++;
  }
  return count;
}
