import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const root = resolve(fileURLToPath(new URL("../..", import.meta.url)));

/**
 * What would tie the project to one computer: absolute folders of a workplace, and the host of a package registry.
 * Each is put together here, so that this file does not name it.
 */
const machinePlaces: readonly { readonly name: string; readonly pattern: RegExp }[] = [
  ...["work", "tmp/q", "root", "home/[a-z]+", "Users/[A-Za-z]+"].map((folder) => ({
    name: `the folder /${folder}`,
    pattern: new RegExp(`(?<![\\w.$})*/-])/${folder}(?![\\w-])`, "u"),
  })),
  { name: "the host of a registry", pattern: new RegExp(`registry\\.(?:${["npmjs", "yarnpkg"].join("|")})\\.`, "u") },
  {
    name: "an address of a private registry",
    pattern: new RegExp(`https?://[^\\s"'/$]*(?:${["registry", "artifactory", "nexus"].join("|")})`, "u"),
  },
];

function placesNamedBy(text: string): string[] {
  return machinePlaces.filter(({ pattern }) => pattern.test(text)).map(({ name }) => name);
}

/** The files that are committed or would be by the next commit. */
function projectFiles(): string[] {
  const listed = spawnSync("git", ["ls-files", "-z", "--cached", "--others", "--exclude-standard"], {
    cwd: root,
    encoding: "utf8",
  });
  assert.equal(listed.status, 0, `git ls-files: ${listed.stderr}`);
  return listed.stdout.split("\0").filter((path) => path !== "");
}

test("no file of the project names a folder of one machine or the host of a registry", () => {
  const paths = projectFiles();
  assert.ok(paths.includes("package-lock.json"), "the lockfile must be among the files looked at");
  const found: string[] = [];
  for (const path of paths) {
    let text: string;
    try {
      text = readFileSync(join(root, path), "utf8");
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") continue; // removed, not yet committed
      throw error;
    }
    for (const place of placesNamedBy(text)) found.push(`${path} names ${place}`);
  }
  assert.deepEqual(found, []);
});

test("the check for machine places finds each of them, and leaves ordinary paths alone", () => {
  for (const folder of ["work", "tmp/q", "root", "home/ada", "Users/Ada"]) {
    assert.equal(placesNamedBy(`cd "/${folder}/file"`).length, 1, folder);
    assert.equal(placesNamedBy(`cd /${folder}`).length, 1, folder);
  }
  assert.equal(placesNamedBy(`"resolved": "${"https:"}//registry.${"npmjs"}.org/ws"`).length, 2);
  assert.deepEqual(placesNamedBy("bench/work, https://example.org/work, the /workspace folder, docs/root.md"), []);
});
