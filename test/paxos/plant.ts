import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const root = resolve(fileURLToPath(new URL("../..", import.meta.url)));

/** One place in the sources of the engine, and what stands there instead. */
export interface Patch {
  /** Relative to `packages/paxos/src`. */
  readonly file: string;
  /** Occurs exactly once in the file. */
  readonly anchor: string;
  readonly replacement: string;
}

/**
 * A temporary copy of the engine and its tests with the patches in it. `run` gets its folder: a tree of its own in which
 * `@quorate/paxos` is the copy and all other packages are the real ones. Throws if an anchor does not match exactly once.
 */
export async function withPlanted<T>(patches: readonly Patch[], run: (folder: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), "quorate-planted-"));
  try {
    cpSync(join(root, "packages/paxos"), join(folder, "packages/paxos"), {
      recursive: true,
      filter: (path) => !/[/\\](dist|node_modules)$/.test(path),
    });
    cpSync(join(root, "test/paxos"), join(folder, "test/paxos"), { recursive: true });
    writeFileSync(join(folder, "package.json"), JSON.stringify({ type: "module", private: true }));
    linkPackages(folder);
    for (const { file, anchor, replacement } of patches) {
      const path = join(folder, "packages/paxos/src", file);
      const parts = readFileSync(path, "utf8").split(anchor);
      if (parts.length !== 2)
        throw new Error(`${file}: the anchor occurs ${parts.length - 1} times, not once:\n${anchor}`);
      writeFileSync(path, parts.join(replacement));
    }
    return await run(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function linkPackages(folder: string): void {
  const modules = join(root, "node_modules");
  mkdirSync(join(folder, "node_modules/@quorate"), { recursive: true });
  for (const name of readdirSync(modules)) {
    if (name.startsWith(".") || name === "@quorate") continue;
    symlinkSync(join(modules, name), join(folder, "node_modules", name));
  }
  for (const name of readdirSync(join(modules, "@quorate"))) {
    const target = name === "paxos" ? join(folder, "packages/paxos") : join(modules, "@quorate", name);
    symlinkSync(target, join(folder, "node_modules/@quorate", name));
  }
}

/** The arguments with which Node runs a TypeScript file of such a folder. */
export function nodeArguments(file: string): string[] {
  return ["--conditions=quorate-source", "--import", "tsx", file];
}
