import type { Ballot } from "./ballot.ts";
import { Gathering } from "./gathering.ts";
import type { Message } from "./message.ts";
import type { DurableRecord } from "./record.ts";

/** How far the disk has followed: what may be said about this node's votes. */
export interface DurableMark {
  readonly seq: number;
  readonly promised: Ballot;
  /** The ballot that `acceptedTo` speaks of. */
  readonly voteBallot: Ballot;
  readonly acceptedTo: number;
  readonly chosenTo: number;
  /** The longest lease that may be granted (rule 19). */
  readonly leaseMsMax: number;
}

/** Who knows, at any moment, the state that the next mark is taken of. */
export interface MarkSource {
  mark(seq: number): DurableMark;
  /** Whether a message that speaks for the disk may still leave (rule 2: an answer only while promised is its ballot). */
  stillLegal(message: Message): boolean;
  /** Legal now: it leaves, or reaches this node itself. */
  send(to: readonly number[], message: Message): void;
}

interface Withheld {
  readonly seq: number;
  readonly to: readonly number[];
  readonly message: Message;
}

/**
 * The one door for records, and for the messages that speak for them. Prepare, promise and every other message given to
 * `whenDurable` does not exist for the world before `persisted` covers all records made before it; the cumulative
 * `accepted` is made from the durable mark alone.
 */
export class Durability {
  /** Names all records handed out so far. */
  seq = 0;
  persistedSeq = 0;
  /** Number of the last write unit known synced. */
  unit: number;
  /** Records of the coming output. */
  readonly records: Gathering<DurableRecord> = new Gathering();
  /** What the disk holds for certain. */
  durable: DurableMark;
  /** When the oldest records that are still not persisted were handed out; Infinity if there are none. */
  waitingSinceMs: number = Infinity;
  private marks: DurableMark[] = [];
  private withheld: Withheld[] = [];
  private readonly source: MarkSource;

  constructor(source: MarkSource, unit: number, durable: DurableMark) {
    this.source = source;
    this.unit = unit;
    this.durable = durable;
  }

  record(record: DurableRecord): void {
    this.records.push(record);
  }

  /** Whether every record made so far is on disk. */
  get settled(): boolean {
    return this.records.length === 0 && this.seq === this.persistedSeq;
  }

  /**
   * Legal once everything recorded so far is durable. Of one kind to the same receivers only the latest is kept for each
   * group of records: it may be asked for again and again while the disk stalls, and any message may be lost.
   */
  whenDurable(to: readonly number[], message: Message): void {
    if (this.settled) return this.source.send(to, message);
    const seq = this.records.length > 0 ? this.seq + 1 : this.seq;
    for (let index = this.withheld.length - 1; index >= 0 && this.withheld[index]!.seq === seq; index--) {
      const held = this.withheld[index]!;
      if (held.message.kind !== message.kind || !sameNodes(held.to, to)) continue;
      this.withheld[index] = { seq, to, message };
      return;
    }
    this.withheld.push({ seq, to, message });
  }

  /** Names the gathered records, as they are handed out. */
  handOut(nowMs: number): number {
    if (this.records.length > 0) {
      this.seq++;
      this.marks.push(this.source.mark(this.seq));
      if (this.waitingSinceMs === Infinity) this.waitingSinceMs = nowMs;
    }
    return this.seq;
  }

  /** State changed without a record while nothing waits for the disk: what holds now is durable as it is. */
  refresh(): void {
    if (this.settled) this.durable = this.source.mark(this.seq);
  }

  /** The disk has everything up to `seq`. Returns whether that was news. */
  persisted(seq: number, unit: number, nowMs: number): boolean {
    if (unit > this.unit) this.unit = unit;
    if (seq <= this.persistedSeq) return false;
    this.persistedSeq = seq;
    let covered = 0;
    while (covered < this.marks.length && this.marks[covered]!.seq <= seq) this.durable = this.marks[covered++]!;
    if (covered > 0) this.marks.splice(0, covered);
    this.refresh();
    this.waitingSinceMs = this.marks.length === 0 ? Infinity : nowMs;
    let released = 0;
    while (released < this.withheld.length && this.withheld[released]!.seq <= seq) released++;
    if (released > 0) {
      const legal = this.withheld.splice(0, released);
      for (const { to, message } of legal) if (this.source.stillLegal(message)) this.source.send(to, message);
    }
    return true;
  }

  /** Everything that still waits for the disk, for `fingerprint`. */
  pending(): readonly unknown[] {
    return [
      this.marks.map((mark) => [mark.promised, mark.voteBallot, mark.acceptedTo, mark.chosenTo, mark.leaseMsMax]),
      this.withheld.map((held) => [held.to, held.message]),
    ];
  }
}

function sameNodes(one: readonly number[], other: readonly number[]): boolean {
  return one.length === other.length && one.every((node, index) => node === other[index]);
}
