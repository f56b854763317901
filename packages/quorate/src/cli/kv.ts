import type { Command } from "commander";

import { type CommonOptions, wholeNumber, withCluster } from "./options.ts";
import { print, printJson } from "./output.ts";

interface GetOptions extends CommonOptions {
  readonly at?: number;
}

interface RangeOptions extends CommonOptions {
  readonly limit: number;
}

/** `quorate kv put|get|del|range`. */
export function addKv(program: Command, withCommon: (command: Command) => Command): void {
  const group = program.command("kv").description("read and write keys");

  withCommon(group.command("put").description("write a key").argument("<key>").argument("<value>")).action(
    async (key: string, value: string, options: CommonOptions) => {
      const written = await withCluster(options, ({ kv }) => kv.put(key, value, timeoutOf(options)));
      if (options.json) printJson({ key, revision: written.revision });
      else print(`revision ${written.revision}`);
    },
  );

  withCommon(
    group
      .command("get")
      .description("read a key")
      .argument("<key>")
      .option("--at <node>", "what this one replica has, however old", wholeNumber(1, 1023)),
  ).action(async (key: string, options: GetOptions) => {
    const from = options.at === undefined ? {} : { at: options.at, level: "stale" as const };
    const { entry, revision } = await withCluster(options, ({ kv }) =>
      kv.read(key, { ...timeoutOf(options), ...from }),
    );
    if (options.json) {
      printJson({ key, value: entry === null ? null : entry.text, modRevision: entry?.modRevision ?? 0, revision });
    } else if (entry === null) process.stderr.write(`quorate: no key "${key}" at revision ${revision}\n`);
    else print(entry.text);
    if (entry === null) process.exitCode = 1;
  });

  withCommon(group.command("del").description("delete a key").argument("<key>")).action(
    async (key: string, options: CommonOptions) => {
      const { deleted, revision } = await withCluster(options, ({ kv }) => kv.delete(key, timeoutOf(options)));
      if (options.json) printJson({ key, deleted, revision });
      else print(deleted ? `deleted, revision ${revision}` : `no key "${key}"`);
    },
  );

  withCommon(
    group
      .command("range")
      .description("list keys with a prefix")
      .argument("[prefix]", "all keys if left out", "")
      .option("--limit <count>", "at most so many", wholeNumber(1, 10_000), 100),
  ).action(async (prefix: string, options: RangeOptions) => {
    const range = prefix === "" ? { from: "" } : { prefix };
    const page = await withCluster(options, ({ kv }) =>
      kv.range(range, { ...timeoutOf(options), limit: options.limit }),
    );
    if (options.json) {
      const entries = page.entries.map((entry) => ({
        key: entry.key,
        value: entry.text,
        modRevision: entry.modRevision,
      }));
      printJson({ revision: page.revision, entries, more: page.next !== "" });
      return;
    }
    for (const entry of page.entries) print(`${entry.key}\t${entry.text}`);
    if (page.next !== "") process.stderr.write(`quorate: there are more keys; show more of them with --limit\n`);
  });
}

function timeoutOf({ timeout }: CommonOptions): { timeoutMs: number } {
  return { timeoutMs: timeout };
}
