import type { QuorateError } from "@quorate/machine";
import type { Disk, Done } from "../disk/disk.ts";
import { inTurn } from "../disk/in-turn.ts";
import { logNewer, wrongCluster } from "../errors.ts";
import {
  getSegmentHeader,
  RECORD_HEADER_BYTES,
  RecordType,
  segmentOfName,
  segmentPath,
  WAL_FOLDER,
  WAL_VERSION,
} from "./format.ts";
import { GroupFacts } from "./group-facts.ts";
import type { FoundRecord } from "./record-codec.ts";
import {
  CONTENT_BYTES,
  fileOffset,
  type SectorStates,
  type SegmentContent,
  stamped,
  type StrangeStamp,
  withdrawn,
} from "./sector-stamp.ts";
import { FIRST_UNIT_OFFSET, headerSector, readContent, type Segment, segmentOf, UNFINISHED } from "./segment.ts";
import { SlotIndex } from "./slot-index.ts";
import { StraySectors } from "./stray-sectors.ts";
import { endOf, isTorn, type LogEnd, type LogTail, writtenEnd } from "./torn-or-corrupt.ts";
import { findUnits, type FoundUnit, readHeaderless, readUnit, salvage, type UnitContent } from "./unit-reader.ts";

/** A place in the log that was once synced and cannot be read. */
export interface WalFault {
  readonly file: string;
  readonly offset: number;
  readonly why: string;
}

/** What one group's records say. */
export interface RecoveredPart {
  readonly facts: GroupFacts;
  readonly index: SlotIndex;
}

/** Everything that was read, and where the log goes on. */
export interface Recovery {
  readonly parts: ReadonlyMap<number, RecoveredPart>;
  readonly faults: readonly WalFault[];
  /** Records were lost whose group is unknown: a group without a part may have been among them. */
  readonly groupsLost: boolean;
  /** By how many slots what was lost at the end may reach beyond what can be read. */
  readonly slotsFurther: number;
  /** Ascending; from the oldest to the one in use. */
  readonly segments: readonly Segment[];
  /** Ascending; whole and unused. */
  readonly spares: readonly Segment[];
  /** Where the next unit goes, in the last of `segments`. */
  readonly position: number;
  /** Number of the last unit. */
  readonly unit: number;
}

/** A step of the second reading, in order of place. `zone`: synced units are missing there. */
type Step =
  | { readonly kind: "unit"; readonly unit: FoundUnit; readonly last: boolean }
  | {
      readonly kind: "zone";
      readonly from: number;
      readonly end: number;
      readonly loss: Loss;
      /** The first zone of this loss. */
      readonly first: boolean;
      /** The last one. */
      readonly final: boolean;
    }
  | { readonly kind: "tail"; readonly tail: LogTail };

/** Units that are missing between two that are there; they may stand in several segments. */
interface Loss {
  readonly missing: number;
  /** Bytes of all its zones. */
  bytes: number;
  /** The one missing unit was read in spite of its header. */
  read: boolean;
}

/** Reads all segments, decides about every damage, mends the end of the log, and makes sure that what was read is synced. */
export function recover(
  room: { readonly disk: Disk; readonly cluster: string; readonly openSlots: number },
  done: Done<Recovery>,
): void {
  new Recoverer(room.disk, room.cluster, room.openSlots, done).run();
}

class Recoverer {
  readonly #disk: Disk;
  readonly #cluster: string;
  readonly #done: Done<Recovery>;
  readonly #segments: Segment[] = [];
  /** Per segment, what the first reading found. */
  readonly #units = new Map<number, readonly FoundUnit[]>();
  readonly #steps = new Map<number, Step[]>();
  readonly #parts = new Map<number, RecoveredPart>();
  readonly #faults: WalFault[] = [];
  #groupsLost = false;
  readonly #openSlots: number;
  /** Segments whose file header is written anew. */
  readonly #headersDamaged = new Set<number>();
  /** Bytes of the places of which nothing is known. */
  #bytesLost = 0;
  /** Of the segments that the end of the log may be in, as far as is known. */
  readonly #sectors = new Map<number, SectorStates>();
  /** Per segment, where there are any. */
  readonly #strange = new Map<number, readonly StrangeStamp[]>();
  #strays = new StraySectors(new Map(), []);
  #tails: readonly LogTail[] = [];
  /** What is behind the last unit whose header is whole. */
  #end: LogEnd = { state: "clean", unitsMax: 0, goesOn: { segment: 0, offset: 0 }, inPlace: true };
  /** The lowest number of a segment. */
  #numberFirst = 0;
  /** Units of the log's last numbers, as far as known. */
  #unit = 0;
  #position = FIRST_UNIT_OFFSET;
  /** Index in `#segments` of the one in use. */
  #current = 0;
  /** The bad last unit was cut. */
  #cut = false;

  constructor(disk: Disk, cluster: string, openSlots: number, done: Done<Recovery>) {
    this.#openSlots = openSlots;
    this.#disk = disk;
    this.#cluster = cluster;
    this.#done = done;
  }

  run(): void {
    this.#disk.list(WAL_FOLDER, (error, names) => {
      if (error !== null) return this.#fail(error);
      const unfinished = names.filter((name) => name.endsWith(UNFINISHED)).map((name) => `${WAL_FOLDER}/${name}`);
      const numbers = names.map(segmentOfName).filter((number) => number > 0);
      inTurn(
        unfinished,
        (path, next) => this.#disk.remove(path, next),
        this.#then(() => this.#open(numbers)),
      );
    });
  }

  #open(numbers: readonly number[]): void {
    this.#numberFirst = numbers[0] ?? 0;
    inTurn(
      numbers,
      (number, next) => {
        this.#disk.open(segmentPath(number), (error, file) => {
          if (error !== null) return next(error, undefined);
          const segment = segmentOf(this.#cluster, number, file);
          this.#segments.push(segment);
          this.#read(segment, (readError, content) => {
            next(readError ?? this.#survey(segment, content), undefined);
          });
        });
      },
      this.#then(() => this.#plan()),
    );
  }

  #read(segment: Segment, done: Done<SegmentContent>): void {
    readContent(segment, 0, segment.contentBytes, done, this.#numberFirst);
  }

  /** First reading: the header of the file, and the units whose headers are whole. */
  #survey(segment: Segment, content: SegmentContent): QuorateError | null {
    const header = getSegmentHeader(content.bytes);
    const path = segmentPath(segment.number);
    if (!header.whole || header.segment !== segment.number) {
      this.#headersDamaged.add(segment.number);
      this.#faults.push({ file: path, offset: 0, why: "the header of the segment is damaged" });
    } else if (header.version > WAL_VERSION) {
      return logNewer(path, header.version, WAL_VERSION);
    } else if (header.clusterLow !== segment.key.clusterLow || header.clusterHigh !== segment.key.clusterHigh) {
      return wrongCluster("another cluster", this.#cluster);
    }
    const units = findUnits(content);
    this.#units.set(segment.number, units);
    if (units.length > 0) this.#sectors.clear();
    this.#sectors.set(segment.number, content.sectors);
    if (content.strange.length > 0) this.#strange.set(segment.number, content.strange);
    return null;
  }

  /** Finds out by unit numbers where synced units are missing. */
  #plan(): void {
    let before: FoundUnit | null = null;
    let oldest = 0;
    let last: FoundUnit | null = null;
    for (const units of this.#units.values()) for (const unit of units) last = this.#later(last, unit);
    for (const segment of this.#segments) this.#steps.set(segment.number, []);
    for (const segment of this.#segments) {
      let cursor = FIRST_UNIT_OFFSET;
      for (const unit of this.#units.get(segment.number)!) {
        if (before !== null && unit.header.unit <= before.header.unit) continue;
        const missing =
          before !== null ? unit.header.unit - before.header.unit - 1 : this.#missingBefore(segment, unit);
        if (missing > 0) this.#planZones(before, segment, cursor, unit.offset, missing);
        this.#steps.get(segment.number)!.push({ kind: "unit", unit, last: unit === last });
        before = unit;
        oldest = unit.header.oldest;
        cursor = unit.end;
      }
    }
    const first = this.#segments[0];
    if (first !== undefined && oldest !== 0 && oldest < first.number) {
      const why = "the segment is missing, and it was still needed";
      this.#loseUnknown({ file: segmentPath(oldest), offset: 0, why }, (first.number - oldest) * first.contentBytes);
    }
    this.#unit = before?.header.unit ?? 0;
    this.#current = Math.max(
      0,
      this.#segments.findIndex((segment) => segment.number === before?.segment),
    );
    this.#position = before?.end ?? FIRST_UNIT_OFFSET;
    this.#planEnd(before);
    inTurn(
      this.#segments,
      (segment, next) => {
        this.#replay(segment, next);
      },
      this.#then(() => this.#finish()),
    );
  }

  /** Finds out what is behind the last unit whose header is whole. */
  #planEnd(last: FoundUnit | null): void {
    if (this.#segments.length === 0) return;
    this.#strays = new StraySectors(this.#strange, this.#segments);
    this.#tails = this.#segments.slice(this.#current).map(({ number }) => ({
      segment: number,
      from: number === last?.segment ? last.end : FIRST_UNIT_OFFSET,
      sectors: this.#sectors.get(number)!,
    }));
    this.#end = endOf(this.#tails, this.#strays);
    for (const tail of this.#tails) this.#steps.get(tail.segment)!.push({ kind: "tail", tail });
  }

  #later(last: FoundUnit | null, unit: FoundUnit): FoundUnit {
    return last === null || unit.header.unit > last.header.unit ? unit : last;
  }

  /** How many synced units are missing, at least, before the first one whose header is whole: each segment begins with one. */
  #missingBefore(segment: Segment, unit: FoundUnit): number {
    if (this.#segments[0]!.number === 1) return unit.header.unit - 1;
    return this.#segments.indexOf(segment) + (unit.offset > FIRST_UNIT_OFFSET ? 1 : 0);
  }

  /** Synced units are missing between `before` and `end` of `segment`. */
  #planZones(before: FoundUnit | null, segment: Segment, from: number, end: number, missing: number): void {
    const loss: Loss = { missing, bytes: end - from, read: false };
    let first = true;
    for (const between of this.#segments) {
      if (between.number >= segment.number) break;
      if (before !== null && between.number < before.segment) continue;
      const zoneFrom = between.number === before?.segment ? before.end : FIRST_UNIT_OFFSET;
      loss.bytes += between.contentBytes - zoneFrom;
      this.#steps
        .get(between.number)!
        .push({ kind: "zone", from: zoneFrom, end: between.contentBytes, loss, first, final: false });
      first = false;
    }
    this.#steps.get(segment.number)!.push({ kind: "zone", from, end, loss, first, final: true });
  }

  /** Second reading: the records, in log order. */
  #replay(segment: Segment, next: Done): void {
    const steps = this.#steps.get(segment.number)!;
    this.#read(segment, (readError, content) => {
      if (readError !== null) return next(readError, undefined);
      const refill: { from: number; end: number }[] = [];
      let rewrite: FoundUnit | null = null;
      for (const step of steps) {
        if (step.kind === "zone") this.#replayZone(segment, content, step);
        else if (step.kind === "tail") this.#replayTail(segment, content, step.tail, refill);
        else if (this.#replayUnit(segment, content, step, refill) && step.last) rewrite = step.unit;
      }
      this.#mend(segment, content, refill, rewrite, next);
    });
  }

  /** Whether the unit was taken; false: torn, and cut. */
  #replayUnit(
    segment: Segment,
    written: SegmentContent,
    step: { readonly unit: FoundUnit; readonly last: boolean },
    refill: { from: number; end: number }[],
  ): boolean {
    const { unit } = step;
    const content = readUnit(written, unit);
    if (content.damage.length > 0 && step.last && this.#nothingAfter(segment)) {
      if (isTorn(unit, this.#tails, this.#strays)) {
        refill.push({ from: unit.offset, end: unit.end });
        this.#unit = unit.header.unit - 1;
        this.#position = unit.offset;
        this.#cut = true;
        return false;
      }
    }
    if (content.damage.length > 0) this.#stretchBegins();
    this.#take(segment, unit.header.unit, content, unit.header.bytes);
    return true;
  }

  /** No unit was begun in a later segment, as far as the first reading tells. */
  #nothingAfter(segment: Segment): boolean {
    return this.#segments.every(
      (other) => other.number <= segment.number || this.#units.get(other.number)!.length === 0,
    );
  }

  #replayZone(segment: Segment, content: SegmentContent, zone: Step & { readonly kind: "zone" }): void {
    const { from, end, loss } = zone;
    if (zone.first) this.#stretchBegins();
    const headerless = loss.missing === 1 ? readHeaderless(content, from, end) : null;
    if (headerless !== null) {
      loss.read = true;
      this.#take(segment, 0, headerless);
      return;
    }
    this.#take(segment, 0, { ...salvage(content, from, end), lostUnknown: false, damage: [] });
    if (!zone.final || loss.read) return;
    const why = `up to ${loss.missing} write unit(s) that were synced cannot be read`;
    this.#loseUnknown({ file: segmentPath(segment.number), offset: fileOffset(from), why }, loss.bytes);
  }

  /** What stands behind the last unit whose header is whole, in its segment and in the later ones. */
  #replayTail(
    segment: Segment,
    content: SegmentContent,
    { from, sectors }: LogTail,
    refill: { from: number; end: number }[],
  ): void {
    const end = writtenEnd(sectors, from);
    if (this.#cut || this.#end.state !== "corrupt") {
      if (end > from) refill.push({ from, end });
      return;
    }
    const { goesOn, unitsMax, inPlace } = this.#end;
    const [first] = this.#tails as readonly [LogTail];
    if (segment.number === first.segment) this.#stretchBegins();
    if (segment.number > goesOn.segment) return;
    const headerless = inPlace ? readHeaderless(content, from, goesOn.offset) : null;
    if (headerless !== null) {
      this.#unit += 1;
      this.#take(segment, this.#unit, headerless);
    } else {
      this.#take(segment, 0, { ...salvage(content, from, end), lostUnknown: false, damage: [] });
    }
    if (segment.number < goesOn.segment) return;
    this.#current = this.#segments.indexOf(segment);
    this.#position = goesOn.offset;
    if (headerless !== null) return;
    this.#unit += unitsMax;
    const why = `up to ${unitsMax} write unit(s) at the end of the log, which may have been synced, cannot be read`;
    const place = { file: segmentPath(first.segment), offset: fileOffset(first.from), why };
    this.#loseUnknown(place, unitsMax * CONTENT_BYTES);
  }

  #stretchBegins(): void {
    for (const part of this.#parts.values()) part.facts.stretchBegins();
  }

  #take(segment: Segment, unit: number, content: UnitContent, bytes: number = 0): void {
    const file = segmentPath(segment.number);
    for (const found of content.found) this.#note(segment, found);
    for (const lost of content.lost) this.#partBegunBy(lost.group, lost.type === RecordType.born).facts.lose(lost);
    if (content.lostUnknown) {
      const why = `records of write unit ${unit} cannot be read`;
      this.#loseUnknown({ file, offset: fileOffset(content.damage[0]!), why }, bytes);
      return;
    }
    for (const offset of content.damage) {
      const lost = content.lost.length > 0 ? "a record cannot be read" : "a header is damaged; its records are whole";
      this.#faults.push({ file, offset: fileOffset(offset), why: lost });
    }
  }

  #note(segment: Segment, found: FoundRecord): void {
    const part = this.#partBegunBy(found.group, found.record.kind === "born");
    part.facts.restate(found.restated);
    part.facts.note(found.record, found.moved, segment.number);
    if (found.record.kind !== "accepted") return;
    const indexed = part.index.add(found.record.entry);
    if (indexed === null) return;
    indexed.segment = segment.number;
    indexed.offset = found.offset;
    indexed.olderSegment = 0;
  }

  #loseUnknown(fault: WalFault, bytes: number): void {
    this.#faults.push(fault);
    this.#groupsLost = true;
    this.#bytesLost += bytes;
    for (const part of this.#parts.values()) part.facts.loseAny();
  }

  /** The part of a group of which a record is met. What was lost before may have been its, unless it was born by this one. */
  #partBegunBy(group: number, born: boolean): RecoveredPart {
    const known = this.#parts.has(group);
    const part = this.#part(group);
    if (!known && this.#groupsLost && !born) part.facts.loseAny();
    return part;
  }

  #part(group: number): RecoveredPart {
    const known = this.#parts.get(group);
    if (known !== undefined) return known;
    const part = { facts: new GroupFacts(), index: new SlotIndex() };
    this.#parts.set(group, part);
    return part;
  }

  /**
   * Gives what was cut the stamps of unused sectors, makes a damaged file header anew, and writes the last unit once more before the sync: what was read may
   * stand in the system's cache alone, and after a failed sync the system takes such pages for clean. What was cut keeps what it holds: a power loss meanwhile
   * leaves an end that is torn still. A corrupt end proves that the last unit was synced; until the loss is stated nothing is touched that tells of it, and a
   * stray may lie anywhere.
   * Source: A. Rebello et al., *Can Applications Recover from fsync Failures?* (USENIX ATC 2020), section 3.
   */
  #mend(
    segment: Segment,
    content: SegmentContent,
    refill: readonly { from: number; end: number }[],
    rewrite: FoundUnit | null,
    done: Done,
  ): void {
    if (this.#end.state === "corrupt" && !this.#cut) return done(null, undefined);
    const { key } = segment;
    const writes = refill.map(({ from, end }) => ({
      from,
      bytes: withdrawn(content.bytes.subarray(from, end), key, from),
    }));
    if (this.#headersDamaged.has(segment.number)) writes.push({ from: 0, bytes: headerSector(key, segment.bytes) });
    if (rewrite !== null) {
      const unit = content.bytes.subarray(rewrite.offset, rewrite.end);
      writes.push({ from: rewrite.offset, bytes: stamped(unit, key, rewrite.offset) });
    }
    if (writes.length === 0) return done(null, undefined);
    inTurn(
      writes,
      (write, next) => segment.file.write(fileOffset(write.from), [write.bytes], next),
      (error) => {
        if (error !== null) done(error, undefined);
        else segment.file.sync(done);
      },
    );
  }

  #finish(): void {
    // Each slot further than what can be read took a record of its own, beside what may be open at once.
    const slotsFurther = this.#openSlots + Math.ceil(this.#bytesLost / RECORD_HEADER_BYTES);
    for (const part of this.#parts.values()) part.facts.ended(slotsFurther);
    this.#done(null, {
      parts: this.#parts,
      faults: this.#faults,
      groupsLost: this.#groupsLost,
      slotsFurther,
      segments: this.#segments.slice(0, this.#current + 1),
      spares: this.#segments.slice(this.#current + 1),
      position: this.#position,
      unit: this.#unit,
    });
  }

  #then(go: () => void): Done {
    return (error) => {
      if (error !== null) this.#fail(error);
      else go();
    };
  }

  #fail(error: QuorateError): void {
    this.#done(error, undefined as unknown as Recovery);
  }
}
