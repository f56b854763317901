import {
  getSegmentHeader,
  RECORD_CHECKSUM_AT,
  RECORD_PAYLOAD_CHECKSUM_AT,
  segmentPath,
  viewOf,
} from "../wal/format.ts";
import { ballotOfRecord, type FoundRecord, payloadOf, subjectOf } from "../wal/record-codec.ts";
import { fileOffset, type SegmentContent } from "../wal/sector-stamp.ts";
import { FIRST_UNIT_OFFSET, type Segment } from "../wal/segment.ts";
import { writtenEnd } from "../wal/torn-or-corrupt.ts";
import { findUnits, readUnit } from "../wal/unit-reader.ts";
import { damagedFill } from "./fill.ts";
import type { RecordReport, SegmentReport, UnitReport } from "./report.ts";

/**
 * Reads one segment, all of whose content is given; `tell` gets each unit whose header is whole, `fault` what recovery has no need to see: damage to the
 * length of the file and to what fills it.
 */
export function inspectSegment(
  segment: Segment,
  content: SegmentContent,
  spare: boolean,
  tell: (report: UnitReport) => void,
  fault: (offset: number, why: string, action: string) => void,
): SegmentReport {
  const file = segmentPath(segment.number);
  const view = viewOf(content.bytes);
  const units = findUnits(content).map((unit) => ({ unit, content: readUnit(content, unit) }));
  let records = 0;
  const slots = new Span();
  const ballots = new Span();
  for (const { unit, content: read } of units) {
    const found = read.found.map((one) => recordReport(one, view));
    records += found.length;
    for (const { kind, slot, ballot } of found) {
      if (kind === "accepted") slots.add(slot);
      if (ballot > 0) ballots.add(ballot);
    }
    const { offset, header: head } = unit;
    const checksum = view.getUint32(offset + 28, true);
    tell({
      file,
      offset: fileOffset(offset),
      unit: head.unit,
      bytes: head.bytes,
      seal: head.seal,
      checksum,
      records: found,
    });
  }
  const header = getSegmentHeader(content.bytes);
  if (header.whole && header.bytes !== segment.bytes)
    fault(segment.bytes, `the file has ${segment.bytes} bytes, and its header says ${header.bytes}`, CUT);
  const [damaged, ...more] = damagedFill(content, units);
  if (damaged !== undefined)
    fault(
      damaged,
      `${1 + more.length} bytes between the records are not what was written there; no record is hurt`,
      FILL,
    );
  return {
    file,
    number: segment.number,
    bytes: segment.bytes,
    spare,
    header: header.whole ? "whole" : "damaged",
    units: units.length,
    seals: units.filter(({ unit }) => unit.header.seal).length,
    records,
    unitFrom: units[0]?.unit.header.unit ?? 0,
    unitTo: units.at(-1)?.unit.header.unit ?? 0,
    slotFrom: slots.from,
    slotTo: slots.to,
    ballotFrom: ballots.from,
    ballotTo: ballots.to,
    writtenTo: fileOffset(writtenEnd(content.sectors, FIRST_UNIT_OFFSET)),
  };
}

const CUT = "put the whole file back; if it is gone, let the node join anew with an empty folder";
const FILL = "nothing was lost and nothing needs mending; but find out why the disk did not keep what it was given";

/** The least and the greatest of some numbers above 0; 0 while there is none. */
class Span {
  from = 0;
  to = 0;

  add(value: number): void {
    this.from = this.from === 0 ? value : Math.min(this.from, value);
    this.to = Math.max(this.to, value);
  }
}

function recordReport({ record, group, moved, offset }: FoundRecord, view: DataView): RecordReport {
  const entry = record.kind === "accepted" ? record.entry : null;
  return {
    offset: fileOffset(offset),
    kind: record.kind,
    group,
    slot: record.kind === "promised" || record.kind === "lease" ? 0 : subjectOf(record),
    ballot: ballotOfRecord(record),
    origin: entry?.origin ?? 0,
    entry: entry?.kind ?? "",
    anchored: entry?.anchored ?? false,
    moved,
    payloadBytes: payloadOf(record).length,
    payloadChecksum: view.getUint32(offset + RECORD_PAYLOAD_CHECKSUM_AT, true),
    checksum: view.getUint32(offset + RECORD_CHECKSUM_AT, true),
  };
}
