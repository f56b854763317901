import type { Command } from "commander";

import type { SavedSnapshot } from "@quorate/log";
import { QuorateError } from "@quorate/machine";
import { restoreSnapshot } from "../snapshot/restore-snapshot.ts";
import { saveFolder, saveSnapshot } from "../snapshot/save-snapshot.ts";
import { readSavedFile } from "../snapshot/saved-file.ts";
import { type CommonOptions, withCluster } from "./options.ts";
import { print, printJson } from "./output.ts";

interface SaveOptions extends CommonOptions {
  readonly data?: string;
}

interface RestoreOptions {
  readonly data: string;
  readonly nodes: readonly number[];
  readonly cluster?: string;
  readonly unsafeReplace: boolean;
  readonly json: boolean;
}

/** `quorate snapshot save|verify|restore`. */
export function addSnapshot(program: Command, withCommon: (command: Command) => Command): void {
  const group = program.command("snapshot").description("save the whole state, and make a cluster from it");

  withCommon(
    group
      .command("save")
      .description("an image of a running cluster, with everything that was acknowledged before")
      .argument("<file>", "must not be there yet")
      .option("--data <folder>", "instead: what this folder of a stopped node holds, when a quorum is lost for good"),
  ).action(async (file: string, options: SaveOptions) => {
    const { data, endpoints, timeout } = options;
    const saved =
      data === undefined
        ? await withCluster(options, (quorate) => saveSnapshot(quorate, { endpoints, file, timeoutMs: timeout }))
        : await saveFolder({ data, file });
    if (options.json) printJson(described(file, saved));
    else {
      print(`saved ${sentence(saved)}`);
      for (const line of doubts(saved)) process.stderr.write(`quorate: ${line}\n`);
    }
  });

  group
    .command("verify")
    .description("whether a saved snapshot is whole: exit code 0 if it is, 1 if not")
    .argument("<file>")
    .option("--json", "print JSON", false)
    .action(async (file: string, options: { readonly json: boolean }) => {
      const saved = await readSavedFile(file, () => undefined);
      if (options.json) printJson({ ...described(file, saved), sound: true });
      else print(`sound: ${sentence(saved)}`);
    });

  group
    .command("restore")
    .description("make the folders of a new cluster that begins with a saved snapshot")
    .argument("<file>")
    .requiredOption("--data <folder>", "a folder for each node is made in it")
    .option("--nodes <list>", "ids of the new nodes", nodeList, [1, 2, 3])
    .option("--cluster <name>", "name of the new cluster")
    .option(
      "--unsafe-replace",
      "take the place of the old cluster, under its name: what it acknowledged after the snapshot is LOST",
      false,
    )
    .option("--json", "print JSON", false)
    .action((file: string, options: RestoreOptions) => restore(file, options));
}

async function restore(file: string, options: RestoreOptions): Promise<void> {
  const { data, nodes, cluster, unsafeReplace, json } = options;
  const restored = await restoreSnapshot({
    file,
    data,
    nodes,
    replace: unsafeReplace,
    ...(cluster === undefined ? {} : { cluster }),
  });
  if (restored.cluster === restored.note.cluster)
    for (const line of warnings(restored)) process.stderr.write(`quorate: ${line}\n`);
  if (json) {
    const { cluster: name, revision, nodes: made } = restored;
    printJson({
      ...described(file, restored),
      cluster: name,
      from: restored.note.cluster,
      startsAt: revision,
      nodes: made,
    });
    return;
  }
  print(
    `restored ${sentence(restored)} as cluster ${restored.cluster}, which goes on from revision ${restored.revision}`,
  );
  const peers = restored.nodes.map(({ node }) => `${node}=HOST:PORT`).join(",");
  print("Start each node, with addresses of your own:");
  for (const { node, folder } of restored.nodes)
    print(`  quorate serve --cluster ${restored.cluster} --id ${node} --data ${folder} --peers ${peers}`);
}

/** What replacing a cluster may cost, in words. */
function warnings({ note, head }: SavedSnapshot): string[] {
  return [
    `UNSAFE: cluster ${note.cluster} now begins anew with the state after slot ${head.slot}, revision ${head.revision}, saved at ${note.savedAt}.`,
    `UNSAFE: whatever was acknowledged after that is lost: writes, locks, sessions, and the memory of which requests were applied (a client may apply one twice).`,
    `UNSAFE: never start an old node of ${note.cluster} again: it would serve another history under the same name. Keep its folder, renamed, or remove it.`,
    `UNSAFE: who held a lock of the old cluster may believe in it for up to its --ttl after the last old node stopped: wait that long before you start the new one.`,
    `UNSAFE: watches go on behind the gap without being told of what was lost: start their programs anew.`,
  ];
}

/** What cannot be known of a state that was taken out of one folder. */
function doubts({ note, head }: SavedSnapshot): string[] {
  if (note.chosenTo === 0 || note.chosenTo >= head.slot) return [];
  return [
    `UNSAFE: the slots ${note.chosenTo + 1} to ${head.slot} were accepted by node ${note.node}, but are not known chosen: some of it may never have been acknowledged, ` +
      `and other nodes may hold something else there`,
    `UNSAFE: what was acknowledged and never reached node ${note.node} is missing. Of several folders save the one with the highest slot (quorate log inspect)`,
  ];
}

function sentence({ note, head }: SavedSnapshot): string {
  const voters = head.governing.members.voters.map(({ node }) => node).join(" ");
  return (
    `cluster ${note.cluster}, group ${head.group}, slot ${head.slot}, revision ${head.revision}, digest ${hex(head.digest)}, ` +
    `voters ${voters}, ${note.bytes} bytes, from node ${note.node} at ${note.savedAt}`
  );
}

function described(file: string, { note, head }: SavedSnapshot): Readonly<Record<string, unknown>> {
  const { group, slot, revision, digest, governing } = head;
  const { voters, nonVoters } = governing.members;
  return { file, ...note, group, slot, revision, digest: hex(digest), members: { voters, nonVoters } };
}

function nodeList(text: string): number[] {
  const nodes = text.split(",").map(Number);
  if (nodes.some((node) => !Number.isInteger(node)))
    throw new QuorateError("BAD_OPTION", "not-applied", `--nodes ${text}: give ids, as in 1,2,3`);
  return nodes;
}

function hex(value: number): string {
  return value.toString(16).padStart(8, "0");
}
