/** What must hold did not: the engine refuses to go on. A defect of this code or of what was given to it, never of input from peers. */
export class InvariantError extends Error {
  constructor(sentence: string) {
    super(`invariant violated: ${sentence}`);
    this.name = "InvariantError";
  }
}

/** Asserts, in production too. `sentence` says what must hold, in terms of ballots and slots. */
export function must(holds: boolean, sentence: string): asserts holds {
  if (!holds) throw new InvariantError(sentence);
}
