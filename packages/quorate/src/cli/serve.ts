import type { Command } from "commander";

import { QuorateError } from "@quorate/machine";
import { createNode, type QuorateNode } from "../create-node.ts";
import { wholeNumber } from "./options.ts";
import { print, printError, printJson } from "./output.ts";

interface ServeOptions {
  readonly cluster: string;
  readonly id: number;
  readonly data: string;
  readonly listen?: string;
  readonly peers: ReadonlyMap<number, string>;
  readonly insecure: boolean;
  readonly limit: Readonly<Record<string, number>>;
  readonly json: boolean;
}

/** What a served node tells the process that started it, if there is one. */
export type ServeNotice = { readonly kind: "ready"; readonly endpoint: string } | FailedNotice;

/** Why a node cannot serve, or serves no more. */
export interface FailedNotice {
  readonly kind: "failed";
  readonly code: string;
  readonly message: string;
}

/** `1=127.0.0.1:7401,2=127.0.0.1:7402`. */
export function peerList(text: string): ReadonlyMap<number, string> {
  const peers = new Map<number, string>();
  for (const part of text.split(",")) {
    const match = /^\s*(\d+)=(\S+)\s*$/.exec(part);
    if (match === null)
      throw new QuorateError("BAD_OPTION", "not-applied", `"${part}" is not id=host:port, as in 1=127.0.0.1:7401`);
    peers.set(Number(match[1]), match[2]!);
  }
  return peers;
}

/** `checkpointEntries=1000`, on top of those before it. */
function limitOf(text: string, before: Readonly<Record<string, number>>): Readonly<Record<string, number>> {
  const match = /^(\w+)=(\d+)$/.exec(text);
  if (match === null)
    throw new QuorateError("BAD_OPTION", "not-applied", `"${text}" is not name=number, as in checkpointEntries=10000`);
  return { ...before, [match[1]!]: Number(match[2]) };
}

/** `quorate serve`: one replica, until it is stopped. */
export function addServe(program: Command): void {
  program
    .command("serve")
    .description("run one replica")
    .requiredOption("--cluster <name>", "name of the cluster")
    .requiredOption("--id <node>", "this node, 1 … 1023", wholeNumber(1, 1023))
    .requiredOption("--data <folder>", "folder of this node alone")
    .requiredOption("--peers <list>", "all initial members: 1=host:port,2=host:port,…", peerList)
    .option("--listen <address>", "host:port to listen on (default: this node's address in --peers)")
    .option("--insecure", "allow addresses other than loopback, in the clear", false)
    .option(
      "--limit <name=number>",
      "a limit that differs from its default, such as checkpointEntries=10000",
      limitOf,
      {},
    )
    .option("--json", "print JSON", false)
    .action((options: ServeOptions) => serve(options));
}

async function serve(options: ServeOptions): Promise<void> {
  const { cluster, id, data, peers, insecure, limit, listen } = options;
  let stopping = false;
  let node: QuorateNode | null = null;

  const stop = async (exitCode: number): Promise<void> => {
    if (stopping) return;
    stopping = true;
    await node?.close();
    process.exit(exitCode);
  };
  const fail = (error: unknown): void => {
    // Whoever started this process prints what it is told.
    if (process.send === undefined) printError(error, options.json);
    tell({
      kind: "failed",
      code: error instanceof QuorateError ? error.code : "",
      message: error instanceof Error ? error.message : String(error),
    });
    void stop(1);
  };

  if (process.send === undefined) process.on("SIGINT", () => void stop(0));
  else {
    // Started by another process, which stops its replicas in order and gets the terminal's Ctrl-C itself.
    process.on("SIGINT", () => {});
    process.on("message", (message) => {
      if (message === "stop") void stop(0);
    });
    process.on("disconnect", () => void stop(0));
  }
  process.on("SIGTERM", () => void stop(0));

  try {
    node = await createNode({
      cluster,
      id,
      data,
      peers,
      insecure,
      limits: limit,
      onFailed: fail,
      ...(listen === undefined ? {} : { listen }),
    });
  } catch (error) {
    fail(error);
    return;
  }
  for (const line of damageOf(node, id, data)) process.stderr.write(`${line}\n`);
  tell({ kind: "ready", endpoint: node.endpoint });
  if (options.json) printJson({ node: id, endpoint: node.endpoint, data });
  else print(`node ${id} serves at ${node.endpoint}, data in ${data}`);
}

/** What was damaged in the folder and what becomes of it; empty: nothing was. */
function damageOf(node: QuorateNode, id: number, data: string): readonly string[] {
  const { damagedPlaces, damage, vote } = node.status();
  const lines: string[] = [];
  if (damagedPlaces !== 0) {
    lines.push(
      `node ${id}: ${damagedPlaces} damaged in ${data}, first ${damage}. What was lost is repaired from the other nodes; find out why the disk did not keep it`,
    );
  }
  if (vote === "lost") {
    lines.push(
      `node ${id} may have lost the ballot that it promised: it serves, and votes no more. Remove node ${id} from the cluster, empty ${data}, and start it with join`,
    );
  }
  return lines;
}

function tell(notice: ServeNotice): void {
  if (process.connected) process.send?.(notice);
}
