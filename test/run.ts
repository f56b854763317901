/**
 * Runs the tests.
 *
 * - no argument: first every static check (`npm run check`), then all tests; this is what CI runs
 * - `paxos log`: the tests of test/paxos and test/log
 * - `test/paxos/ballot.test.ts`: one file
 *
 * The files are listed here and handed over by name: a runner that finds no test would otherwise end green.
 */
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, statSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import { run } from "node:test";
import { spec } from "node:test/reporters";
import { fileURLToPath } from "node:url";

const testFolder = fileURLToPath(new URL(".", import.meta.url));
const root = resolve(testFolder, "..");

function testFilesUnder(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".test.ts") && !name.includes("node_modules"))
    .map((name) => join(folder, name))
    .sort();
}

/** The test files that one argument names; ends the process with code 2 when it names none. */
function named(argument: string): string[] {
  for (const candidate of [join(testFolder, argument), resolve(root, argument)]) {
    if (!existsSync(candidate)) continue;
    const files = statSync(candidate).isDirectory() ? testFilesUnder(candidate) : [candidate];
    if (files.length > 0) return files;
  }
  console.error(`npm test: "${argument}" names no test file and no folder under test/ with a *.test.ts in it`);
  process.exit(2);
}

const names = process.argv.slice(2);
const files = names.length === 0 ? testFilesUnder(testFolder) : [...new Set(names.flatMap(named))];
if (files.length === 0) {
  console.error(`npm test: no *.test.ts found under ${relative(process.cwd(), testFolder) || "."}`);
  process.exit(2);
}

if (names.length === 0) {
  const check = spawnSync("npm", ["run", "--silent", "check"], { cwd: root, stdio: "inherit" });
  if (check.status !== 0) {
    console.error("npm test: a static check failed (npm run check); the tests were not run");
    process.exit(1);
  }
}

let passed = 0;
const tests = run({ files, concurrency: 2 });
tests.on("test:pass", () => {
  passed += 1;
});
tests.on("test:fail", (event) => {
  if (event.todo === undefined || event.todo === false) process.exitCode = 1;
});
tests.on("end", () => {
  if (passed === 0) process.exitCode = 1;
});
tests.compose(new spec()).pipe(process.stdout);
