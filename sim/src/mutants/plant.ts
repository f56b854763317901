import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

/** Of the repository. */
export const ROOT: string = resolve(fileURLToPath(new URL("../../..", import.meta.url)));

/** One place in the sources, and what stands there instead. */
export interface Patch {
  /** Relative to the root of the repository. */
  readonly file: string;
  /** Occurs exactly once in the file. */
  readonly anchor: string;
  readonly replacement: string;
}

/**
 * A temporary copy of the sources with the patches in it: `run` gets its folder, in which all packages and the simulator are
 * copies, and outside libraries the real ones. Gone when `run` is over. Throws if an anchor does not match exactly once.
 *
 * @param more - further folders to copy, relative to the root of the repository.
 */
export async function withPlanted<T>(
  patches: readonly Patch[],
  run: (folder: string) => Promise<T>,
  more: readonly string[] = [],
): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), "quorate-planted-"));
  try {
    const rooms = [...readdirSync(join(ROOT, "packages")).map((name) => `packages/${name}`), "sim"];
    for (const room of [...rooms, ...more]) {
      cpSync(join(ROOT, room), join(folder, room), {
        recursive: true,
        filter: (path) => !/[/\\](dist|node_modules)$/u.test(path),
      });
    }
    writeFileSync(join(folder, "package.json"), JSON.stringify({ type: "module", private: true }));
    linkModules(folder, rooms);
    for (const patch of patches) plant(folder, patch);
    return await run(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** How often the anchor of a patch occurs in the sources as they stand; once is right. */
export function matchesOf({ file, anchor }: Patch): number {
  return readFileSync(join(ROOT, file), "utf8").split(anchor).length - 1;
}

/** The arguments with which Node runs a TypeScript file of such a folder. */
export function nodeArguments(file: string): string[] {
  return ["--conditions=quorate-source", "--import", "tsx", file];
}

function plant(folder: string, { file, anchor, replacement }: Patch): void {
  const path = join(folder, file);
  const parts = readFileSync(path, "utf8").split(anchor);
  if (parts.length !== 2) throw new Error(`${file}: the anchor occurs ${parts.length - 1} times, not once:\n${anchor}`);
  writeFileSync(path, parts.join(replacement));
}

function linkModules(folder: string, rooms: readonly string[]): void {
  const modules = join(ROOT, "node_modules");
  const own = new Map(rooms.map((room) => [nameOf(room), room]));
  mkdirSync(join(folder, "node_modules/@quorate"), { recursive: true });
  for (const name of readdirSync(modules)) {
    if (name.startsWith(".") || name === "@quorate" || own.has(name)) continue;
    symlinkSync(join(modules, name), join(folder, "node_modules", name));
  }
  for (const [name, room] of own) symlinkSync(join(folder, room), join(folder, "node_modules", name));
}

function nameOf(room: string): string {
  return (JSON.parse(readFileSync(join(ROOT, room, "package.json"), "utf8")) as { name: string }).name;
}
