import type { Command } from "commander";

import { type FolderReport, inspectFolder, type UnitReport } from "@quorate/log";
import { createNodeReader } from "@quorate/log/node";
import { showBallot } from "@quorate/paxos";
import { print, printJson, printTable } from "./output.ts";

interface VerifyOptions {
  readonly json: boolean;
}

interface InspectOptions extends VerifyOptions {
  readonly records: boolean;
}

/** `quorate log inspect|verify`: what stands in the folder of a node that does not run. Neither writes anything. */
export function addLog(program: Command): void {
  const group = program.command("log").description("look at the folder of a stopped node");

  group
    .command("inspect")
    .description("segments, records, ballots, slots, checksums and faults")
    .argument("<folder>", "data folder of one node")
    .option("--records", "each write unit and each record, too", false)
    .option("--json", "print JSON: with --records a line per unit first", false)
    .action(async (folder: string, options: InspectOptions) => {
      const tell = (unit: UnitReport): void => {
        if (!options.records) return;
        if (options.json) printJson(unit);
        else printUnit(unit);
      };
      const report = await look(folder, tell);
      if (options.json) printJson({ folder, ...report });
      else printReport(report);
    });

  group
    .command("verify")
    .description("whether the folder is sound: exit code 0 if it is, 1 if not")
    .argument("<folder>", "data folder of one node")
    .option("--json", "print JSON", false)
    .action(async (folder: string, options: VerifyOptions) => {
      const report = await look(folder, () => undefined);
      const sound = report.faults.length === 0;
      process.exitCode = sound ? 0 : 1;
      const { torn, unfinished, faults } = report;
      if (options.json) printJson({ folder, sound, ...totals(report), torn, unfinished, faults });
      else {
        printFindings(report);
        if (sound) print(`sound: ${summary(report)}`);
        else print(`not sound: ${faults.length} faults. Keep the folder until they are mended.`);
      }
    });
}

async function look(folder: string, tell: (unit: UnitReport) => void): Promise<FolderReport> {
  const disk = createNodeReader(folder);
  await new Promise<void>((resolve, reject) => disk.claim((error) => (error === null ? resolve() : reject(error))));
  return new Promise((resolve, reject) =>
    inspectFolder(disk, tell, (error, report) => (error === null ? resolve(report) : reject(error))),
  );
}

/** What a folder holds, in numbers. */
interface Totals {
  readonly segments: number;
  readonly walBytes: number;
  readonly units: number;
  readonly records: number;
  /** Number of the last write unit. */
  readonly unit: number;
  readonly snapshots: number;
}

function totals({ segments, snapshots, unit }: FolderReport): Totals {
  const sum = (of: "bytes" | "records" | "units"): number =>
    segments.reduce((total, segment) => total + segment[of], 0);
  return {
    segments: segments.length,
    walBytes: sum("bytes"),
    units: sum("units"),
    records: sum("records"),
    unit,
    snapshots: snapshots.length,
  };
}

function summary(report: FolderReport): string {
  const { identity, groups, snapshots } = report;
  const { segments, units, records } = totals(report);
  const who = identity === null ? "" : `node ${identity.node} of cluster ${identity.cluster}: `;
  const slots = groups.map(
    ({ group, slotFrom, slotTo }) => `; group ${group}: votes in slots ${slotFrom} to ${slotTo}`,
  );
  const images = snapshots.map(({ group, slot }) => `; snapshot of group ${group} to slot ${slot}`);
  return `${who}${segments} segments, ${units} write units, ${records} records${slots.join("")}${images.join("")}`;
}

function printReport(report: FolderReport): void {
  const { identity, segments, groups, snapshots } = report;
  if (identity !== null) {
    const { node, cluster, incarnation, state } = identity;
    print(`node ${node} of cluster ${cluster}, incarnation ${incarnation}, ${state}`);
  }
  print("");
  printTable(
    ["segment", "bytes", "written to", "units", "seals", "records", "slots", "ballots", "header"],
    segments.map((one) => [
      one.file,
      one.bytes,
      one.spare ? "spare" : one.writtenTo,
      one.units,
      one.seals,
      one.records,
      span(one.slotFrom, one.slotTo, String),
      span(one.ballotFrom, one.ballotTo, showBallot),
      one.header,
    ]),
  );
  for (const one of groups) {
    const votes = one.votes === 0 ? "no votes" : `${one.votes} votes in slots ${one.slotFrom} to ${one.slotTo}`;
    const set = one.governing.at(-1)?.members.voters.map(({ node }) => node);
    const voters = set === undefined ? "" : `, voters ${set.join(" ")}`;
    print("");
    print(
      `group ${one.group}: promised ${showBallot(one.promised)}, snapshot to slot ${one.base}, chosen to ${one.chosenTo} at least, ${votes}${voters}`,
    );
  }
  for (const { file, slot, revision, digest, bytes, governing } of snapshots) {
    const voters = governing.members.voters.map(({ node }) => node).join(" ");
    print(`${file}: slot ${slot}, revision ${revision}, digest ${hex(digest)}, ${bytes} bytes, voters ${voters}`);
  }
  print("");
  printFindings(report);
  if (report.faults.length === 0) print("no faults");
}

function printFindings({ torn, unfinished, faults }: FolderReport): void {
  for (const { file, offset } of torn)
    print(`${file} at ${offset}: torn by a power loss, and never synced; the next start cuts it`);
  for (const file of unfinished) print(`${file}: left unfinished; the next start removes it`);
  for (const { code, file, offset, why, action } of faults)
    print(`${file} at ${offset}: ${why} (${code}). To do: ${action}`);
}

function printUnit(unit: UnitReport): void {
  const { file, offset, bytes, seal, checksum, records } = unit;
  print(`${file} at ${offset}: unit ${unit.unit}, ${bytes} bytes, crc ${hex(checksum)}${seal ? ", seal" : ""}`);
  for (const record of records) {
    const slot = record.slot > 0 ? ` slot ${record.slot}` : "";
    const ballot = record.ballot > 0 ? ` ballot ${showBallot(record.ballot)}` : "";
    const entry =
      record.entry === ""
        ? ""
        : ` ${record.entry} origin ${showBallot(record.origin)}${record.anchored ? " anchored" : ""}`;
    const payload = ` payload ${record.payloadBytes} bytes crc ${hex(record.payloadChecksum)}`;
    print(
      `  ${record.offset} ${record.kind} group ${record.group}${slot}${ballot}${entry}${record.moved ? " moved" : ""}${payload}`,
    );
  }
}

function span(from: number, to: number, show: (value: number) => string): string {
  return from === 0 ? "-" : from === to ? show(from) : `${show(from)} … ${show(to)}`;
}

function hex(value: number): string {
  return value.toString(16).padStart(8, "0");
}
