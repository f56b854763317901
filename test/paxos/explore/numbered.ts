/** Things by number: the same key has the same number, counted from 0. */
export class Numbered<T> {
  private readonly numbers = new Map<string, number>();
  private readonly things: T[] = [];

  get size(): number {
    return this.things.length;
  }

  /** The number of what `key` names; `make` makes it if it is new. */
  of(key: string, make: () => T): number {
    const known = this.numbers.get(key);
    if (known !== undefined) return known;
    const number = this.things.length;
    this.numbers.set(key, number);
    this.things.push(make());
    return number;
  }

  at(number: number): T {
    return this.things[number]!;
  }
}
