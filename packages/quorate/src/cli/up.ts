import { type ChildProcess, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import type { Command } from "commander";

import { QuorateError } from "@quorate/machine";
import { type LoadedIdentity, loadIdentity } from "@quorate/log";
import { createNodeReader } from "@quorate/log/node";
import { connect } from "../connect.ts";
import { ended } from "../snapshot/saved-file.ts";
import { wholeNumber } from "./options.ts";
import { print, printJson } from "./output.ts";
import type { FailedNotice, ServeNotice } from "./serve.ts";

interface UpOptions {
  readonly ports: readonly number[];
  readonly data: string;
  readonly without?: number;
  readonly json: boolean;
}

interface Member {
  readonly id: number;
  readonly endpoint: string;
  readonly data: string;
  readonly process: ChildProcess;
  ended: boolean;
}

const CLUSTER = "quorate-local";
const READY_MS = 15_000;
const BIN = fileURLToPath(new URL("../../bin/quorate.js", import.meta.url));

/** `quorate up`: three replicas as three processes on this machine, until Ctrl-C. */
export function addUp(program: Command): void {
  program
    .command("up")
    .description("run three replicas on this machine")
    .option("--ports <list>", "three ports", portList, [7401, 7402, 7403])
    .option("--data <folder>", "a folder for each replica is made in it", ".quorate")
    .option("--without <id>", "leave this replica out, for instance because its folder is lost", wholeNumber(1, 3))
    .option("--json", "print JSON", false)
    .action((options: UpOptions) => up(options));
}

function portList(text: string): number[] {
  const ports = text.split(",").map(Number);
  const wrong =
    ports.length !== 3 ||
    new Set(ports).size !== 3 ||
    ports.some((port) => !Number.isInteger(port) || port < 1 || port > 65_535);
  if (wrong)
    throw new QuorateError(
      "BAD_OPTION",
      "not-applied",
      `--ports ${text}: give three different ports, as in 7401,7402,7403`,
    );
  return ports;
}

/** Before anything is started: a folder of another cluster among them, and none gets anything beside it. */
async function refuseOthers(folders: readonly string[]): Promise<void> {
  for (const folder of folders) {
    if (!existsSync(join(folder, "identity"))) continue;
    const { identity } = await ended<LoadedIdentity>((done) => loadIdentity(createNodeReader(folder), done));
    if (identity.cluster === CLUSTER) continue;
    throw new QuorateError(
      "WRONG_CLUSTER",
      "not-applied",
      `${folder} belongs to node ${identity.node} of cluster ${identity.cluster}: choose another folder with --data`,
    );
  }
}

async function up(options: UpOptions): Promise<void> {
  const startedMs = performance.now();
  await refuseOthers([1, 2, 3].map((id) => join(options.data, String(id))));
  const addresses = new Map(options.ports.map((port, index) => [index + 1, `127.0.0.1:${port}`]));
  const peers = [...addresses].map(([id, address]) => `${id}=${address}`).join(",");
  const members: Member[] = [];
  let stopping = false;

  const stop = async (exitCode: number): Promise<void> => {
    if (stopping) return;
    stopping = true;
    for (const member of members) await stopMember(member);
    process.exit(exitCode);
  };
  process.on("SIGINT", () => void stop(0));
  process.on("SIGTERM", () => void stop(0));
  process.on("SIGHUP", () => void stop(0));

  const ready = [...addresses]
    .filter(([id]) => id !== options.without)
    .map(([id, address]) => {
      const member = startMember(id, address, join(options.data, String(id)), peers);
      members.push(member);
      member.process.on("exit", (code, signal) => {
        member.ended = true;
        if (!stopping) process.stderr.write(`quorate: ${endedLine(member, code, signal, peers)}\n`);
        if (!stopping && members.every(({ ended }) => ended)) void stop(1);
      });
      return readiness(member, options.data);
    });

  try {
    await within(READY_MS, Promise.all(ready));
    const quorate = connect(members.map(({ endpoint }) => endpoint));
    await quorate.kv.read("quorate/ready", { timeoutMs: READY_MS });
    const rows = await Promise.all(
      members.map(async ({ id, endpoint, data, process: { pid } }) => {
        const { role } = await quorate.client.status(endpoint);
        return { node: id, endpoint, pid, data, role: role ?? "" };
      }),
    );
    await quorate.close();
    if (options.json) printJson({ readyMs: Math.round(performance.now() - startedMs), replicas: rows });
    else {
      for (const { node, endpoint, pid, data, role } of rows)
        print(`node ${node}  ${endpoint}  pid ${pid}  ${data}  ${role}`);
      for (const line of tryLines(members)) print(line);
    }
  } catch (error) {
    if (!stopping) process.stderr.write(`quorate: ${error instanceof Error ? error.message : String(error)}\n`);
    await stop(1);
  }
}

function startMember(id: number, address: string, data: string, peers: string): Member {
  const options = ["serve", "--cluster", CLUSTER, "--id", String(id), "--data", data, "--peers", peers];
  const child = spawn(process.execPath, [...process.execArgv, BIN, ...options], {
    stdio: ["ignore", "ignore", "inherit", "ipc"],
  });
  return { id, endpoint: `ws://${address}`, data, process: child, ended: false };
}

/** Resolves once the replica serves; rejects with the one line that says what to do. */
function readiness(member: Member, folder: string): Promise<void> {
  return new Promise((resolve, reject) => {
    member.process.on("message", (message) => {
      const notice = message as ServeNotice;
      if (notice.kind === "ready") resolve();
      else reject(new Error(`node ${member.id} cannot start. ${wayOut(member, notice, folder)}`));
    });
    member.process.on("error", reject);
    member.process.on("exit", () => reject(new Error(`node ${member.id} ended before it was ready`)));
  });
}

function wayOut(member: Member, { code, message }: FailedNotice, folder: string): string {
  switch (code) {
    case "PORT_IN_USE":
      return `Another program listens at ${member.endpoint}: stop it, or choose other ports with --ports.`;
    case "WIPED":
    case "NOT_FORMED":
      return `Its folder ${member.data} was lost: the others go on with: quorate up --without ${member.id}`;
    case "WRONG_CLUSTER":
      return `${member.data} belongs to another cluster: choose another folder with --data.`;
    case "NOT_WRITABLE":
      return `Make ${folder} writable, or choose another folder with --data.`;
    case "FOLDER_IN_USE":
      return `${message} (FOLDER_IN_USE)`;
    default:
      return `In ${member.data}: ${message} (${code})`;
  }
}

function within<T>(ms: number, promise: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`not ready within ${ms / 1_000} seconds`)), ms);
    promise.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}

async function stopMember(member: Member): Promise<void> {
  if (member.ended) return;
  await new Promise<void>((resolve) => {
    member.process.once("exit", () => resolve());
    if (member.process.connected) member.process.send("stop");
    else member.process.kill("SIGTERM");
    setTimeout(() => member.process.kill("SIGKILL"), 5_000).unref();
  });
}

function endedLine(member: Member, code: number | null, signal: string | null, peers: string): string {
  const how = signal === null ? `exit code ${code}` : signal;
  const again = `quorate serve --cluster ${CLUSTER} --id ${member.id} --data ${member.data} --peers ${peers}`;
  return `node ${member.id} ended (${how}); the others go on while two are left. Start it again with: ${again}`;
}

function tryLines(members: readonly Member[]): string[] {
  const given = members.map(({ endpoint }) => endpoint.slice("ws://".length)).join(",");
  const usual = given === "127.0.0.1:7401,127.0.0.1:7402,127.0.0.1:7403";
  const where = usual ? "" : ` --endpoints ${given}`;
  const command = existsSync("node_modules/.bin/quorate") ? "npx quorate" : "quorate";
  return [
    "",
    "Try, in another terminal:",
    `  ${command} kv put greeting hello${where}`,
    `  ${command} kv get greeting${where}`,
    `  ${command} status${where}`,
    `  ${command} lock run demo${where} -- sh -c 'echo token $QUORATE_FENCING_TOKEN; sleep 30'`,
    "Ctrl-C stops all three.",
  ];
}
