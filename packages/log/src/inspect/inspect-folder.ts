import { codeEntry, QuorateError } from "@quorate/machine";
import { ENGINE_DEFAULTS, openSlotsMax } from "@quorate/paxos";
import type { Disk, Done } from "../disk/disk.ts";
import { inTurn } from "../disk/in-turn.ts";
import { readOnly } from "../disk/read-only.ts";
import { holdsIdentity, type Identity, IDENTITY_FILE, loadIdentity } from "../host/identity.ts";
import { PARTIAL } from "../snapshot/install.ts";
import { readSnapshotFile, UNFINISHED_SNAPSHOT } from "../snapshot/snapshot-file.ts";
import { parseSnapshotName, SNAPSHOT_FOLDER } from "../snapshot/snapshot-format.ts";
import { segmentPath, WAL_FOLDER } from "../wal/format.ts";
import { type RecoveredPart, type Recovery, recover } from "../wal/recovery.ts";
import { fileOffset } from "../wal/sector-stamp.ts";
import { FIRST_UNIT_OFFSET, readContent, type Segment, UNFINISHED } from "../wal/segment.ts";
import { writtenEnd } from "../wal/torn-or-corrupt.ts";
import { inspectSegment } from "./inspect-segment.ts";
import type { FolderFault, FolderReport, GroupReport, SegmentReport, SnapshotReport, UnitReport } from "./report.ts";

/** Slots that can be open at once, unless the node was set up otherwise. */
const OPEN_SLOTS = openSlotsMax(ENGINE_DEFAULTS.limits);

/**
 * Looks at the folder of a node as a start of it would, and says everything that is found: by the very code that recovers the log. It changes
 * nothing. The folder must not be in use.
 *
 * @param disk - claimed before.
 * @param unit - told of each write unit, in order of place.
 * @param done - `BAD_OPTION`: it is no folder of a node. `LOG_FAILED`: a file cannot be read. All else stands in the report's faults.
 */
export function inspectFolder(disk: Disk, unit: (report: UnitReport) => void, done: Done<FolderReport>): void {
  new Inspection(readOnly(disk), unit, done).run();
}

class Inspection {
  readonly #disk: Disk;
  readonly #unit: (report: UnitReport) => void;
  readonly #done: Done<FolderReport>;
  readonly #segments: SegmentReport[] = [];
  readonly #snapshots: SnapshotReport[] = [];
  readonly #unfinished: string[] = [];
  readonly #faults: FolderFault[] = [];
  #groups: readonly GroupReport[] = [];
  #identity: Identity | null = null;
  readonly #torn: { readonly file: string; readonly offset: number }[] = [];
  #lastUnit = 0;

  constructor(disk: Disk, unit: (report: UnitReport) => void, done: Done<FolderReport>) {
    this.#disk = disk;
    this.#unit = unit;
    this.#done = done;
  }

  run(): void {
    this.#disk.list("", (error, names) => {
      if (error !== null) return this.#end(error);
      if (holdsIdentity(names)) return this.#loadIdentity();
      if (names.includes(WAL_FOLDER) || names.includes(SNAPSHOT_FOLDER)) {
        const why = "the file that says whose log this is is gone; without it nothing in the folder can be checked";
        this.#faults.push(fault("WIPED", IDENTITY_FILE, 0, why));
        return this.#end(null);
      }
      const words = `this is no folder of a node: it holds neither ${IDENTITY_FILE} nor ${WAL_FOLDER}. Name the folder of one node, for example .quorate/1`;
      this.#end(new QuorateError("BAD_OPTION", "not-applied", words));
    });
  }

  #loadIdentity(): void {
    loadIdentity(this.#disk, (error, loaded) => {
      if (error !== null) return this.#faulty(error, () => this.#end(null));
      const { identity } = loaded;
      this.#identity = identity;
      if (identity.state === "old-copy") {
        const why = "a peer told this node that its folder is an older copy of its disk: it does not vote again";
        this.#faults.push(fault("WIPED", IDENTITY_FILE, 0, why));
      }
      for (const { file, offset, why } of loaded.faults) this.#faults.push(fault("LOG_CORRUPT", file, offset, why));
      this.#listUnfinished(
        WAL_FOLDER,
        (name) => name.endsWith(UNFINISHED),
        this.#then(() => this.#recover(identity.cluster)),
      );
    });
  }

  #recover(cluster: string): void {
    recover({ disk: this.#disk, cluster, openSlots: OPEN_SLOTS }, (error, recovery) => {
      if (error !== null) return this.#faulty(error, () => this.#listSnapshots(cluster));
      this.#lastUnit = recovery.unit;
      this.#groups = [...recovery.parts].map(([group, part]) => groupReport(group, part, recovery.unit));
      this.#judge(recovery);
      const all = [...recovery.segments, ...recovery.spares];
      inTurn(
        all,
        (segment, next) => this.#inspect(segment, recovery, next),
        this.#then(() =>
          inTurn(
            all,
            ({ file }, next) => file.close(next),
            this.#then(() => this.#listSnapshots(cluster)),
          ),
        ),
      );
    });
  }

  #judge(recovery: Recovery): void {
    for (const { file, offset, why } of recovery.faults) this.#faults.push(fault("LOG_CORRUPT", file, offset, why));
    for (const { group, faulty, promisedLost } of this.#groups) {
      const why = (what: string): string => `group ${group}: ${what}`;
      if (faulty.length > 0) {
        const what = `this node cannot speak for the slots ${faulty.slice(0, 10).join(", ")}${faulty.length > 10 ? ", …" : ""}`;
        this.#faults.push(fault("LOG_CORRUPT", WAL_FOLDER, 0, why(what)));
      }
      if (promisedLost)
        this.#faults.push(
          fault(
            "LOG_CORRUPT",
            WAL_FOLDER,
            0,
            why("the promised ballot may be lost: this incarnation never votes again"),
          ),
        );
    }
  }

  #inspect(segment: Segment, recovery: Recovery, next: Done): void {
    readContent(segment, 0, segment.contentBytes, (error, content) => {
      if (error !== null) return next(error, undefined);
      const spare = recovery.spares.includes(segment);
      const file = segmentPath(segment.number);
      const damaged = (offset: number, why: string, action: string): void => {
        this.#faults.push({ code: "LOG_CORRUPT", file, offset, why, action });
      };
      this.#segments.push(inspectSegment(segment, content, spare, this.#unit, damaged));
      const isOpenEnded = spare || segment === recovery.segments.at(-1);
      const from = spare ? FIRST_UNIT_OFFSET : recovery.position;
      if (isOpenEnded && writtenEnd(content.sectors, from) > from) this.#torn.push({ file, offset: fileOffset(from) });
      next(null, undefined);
    });
  }

  #listSnapshots(cluster: string): void {
    const isUnfinished = (name: string): boolean => name.endsWith(UNFINISHED_SNAPSHOT) || name.endsWith(PARTIAL);
    this.#listUnfinished(SNAPSHOT_FOLDER, isUnfinished, (listError) => {
      if (listError !== null) return this.#end(listError);
      this.#disk.list(SNAPSHOT_FOLDER, (error, names) => {
        if (error !== null) return this.#end(error);
        const whole = names.filter((name) => parseSnapshotName(name) !== null);
        inTurn(
          whole,
          (name, next) => this.#readSnapshot(`${SNAPSHOT_FOLDER}/${name}`, cluster, next),
          this.#then(() => this.#finish()),
        );
      });
    });
  }

  #readSnapshot(path: string, cluster: string, next: Done): void {
    this.#disk.open(path, (openError, file) => {
      if (openError !== null) return next(openError, undefined);
      readSnapshotFile(
        file,
        cluster,
        () => undefined,
        (error, head) => {
          const { bytes } = file;
          file.close((closeError) => {
            if (error !== null) return this.#faulty(error, () => next(null, undefined));
            const { group, slot, revision, digest, governing } = head;
            this.#snapshots.push({ file: path, bytes, group, slot, revision, digest, governing });
            next(closeError, undefined);
          });
        },
      );
    });
  }

  /** What only log and snapshots together tell. */
  #finish(): void {
    for (const { group, base } of this.#groups) {
      const covered = Math.max(0, ...this.#snapshots.filter((one) => one.group === group).map(({ slot }) => slot));
      if (covered >= base) continue;
      const why = `the log of group ${group} begins after slot ${base}, but the newest whole snapshot covers slot ${covered}`;
      this.#faults.push(fault("LOG_CORRUPT", SNAPSHOT_FOLDER, 0, why));
    }
    this.#end(null);
  }

  #listUnfinished(folder: string, isUnfinished: (name: string) => boolean, done: Done): void {
    this.#disk.list(folder, (error, names) => {
      if (error === null) for (const name of names) if (isUnfinished(name)) this.#unfinished.push(`${folder}/${name}`);
      done(error, undefined);
    });
  }

  /** What a file says of itself is a finding; that it cannot be read at all is not. */
  #faulty(error: QuorateError, go: () => void): void {
    if (error.code === "LOG_FAILED") return this.#end(error);
    const { file, offset } = error.detail;
    this.#faults.push(fault(error.code, String(file ?? WAL_FOLDER), Number(offset ?? 0), error.message));
    go();
  }

  #then(go: () => void): Done {
    return (error) => {
      if (error !== null) this.#end(error);
      else go();
    };
  }

  #end(error: QuorateError | null): void {
    this.#done(error, {
      identity: this.#identity,
      segments: this.#segments,
      groups: this.#groups,
      snapshots: this.#snapshots,
      unfinished: this.#unfinished,
      torn: this.#torn,
      unit: this.#lastUnit,
      faults: this.#faults,
    });
  }
}

function groupReport(group: number, { facts, index }: RecoveredPart, unit: number): GroupReport {
  const durable = facts.durable(index, 0, unit);
  const { accepted } = durable;
  return {
    group,
    promised: durable.promised,
    base: durable.base,
    chosenTo: durable.chosenTo,
    votes: accepted.length,
    slotFrom: accepted[0]?.slot ?? 0,
    slotTo: accepted.at(-1)?.slot ?? 0,
    faulty: durable.faulty,
    promisedLost: durable.promisedLost,
    governing: durable.governing,
  };
}

function fault(code: FolderFault["code"], file: string, offset: number, why: string): FolderFault {
  return { code, file, offset, why, action: codeEntry(code).action };
}
