const NOTHING: readonly never[] = [];

/** What is wanted of one kind, until the next output takes it. */
export class Gathering<T> {
  private list: T[] = [];

  get length(): number {
    return this.list.length;
  }

  push(item: T): void {
    this.list.push(item);
  }

  /** What was gathered, which is the taker's from now on. */
  take(): readonly T[] {
    const { list } = this;
    if (list.length === 0) return NOTHING;
    this.list = [];
    return list;
  }
}
