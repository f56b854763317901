import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";

import { freePorts } from "quorate";

import { finished, quorate, type Up, up } from "../quorate/command.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const readme = readFileSync(join(root, "README.md"), "utf8");

/** The fenced blocks of one language. */
function blocks(language: string): string[] {
  return [...readme.matchAll(new RegExp(`\`\`\`${language}\\n([\\s\\S]*?)\`\`\``, "g"))].map((match) => match[1]!);
}

describe("every example of the README does what the README says", () => {
  const data = mkdtempSync(join(tmpdir(), "quorate-readme-"));
  let cluster: Up;

  before(async () => {
    cluster = await up(await freePorts(3), data);
  });
  after(async () => {
    await cluster.stop();
    rmSync(data, { recursive: true });
  });

  test("the console session prints what it shows", async () => {
    const [session] = blocks("console");
    assert.ok(session !== undefined);
    const steps = session.split(/^\$ /m).filter((step) => step !== "");
    assert.ok(steps.length >= 4);
    for (const step of steps) {
      const [command, ...shown] = step.trimEnd().split("\n");
      const [npx, name, ...args] = command!.split(" ");
      assert.deepEqual([npx, name], ["npx", "quorate"]);
      const ended = await quorate(args, { QUORATE_ENDPOINTS: cluster.endpoints });
      assert.equal(ended.stdout.trimEnd(), shown.join("\n"), command);
    }
  });

  test("the lock outlives the leader's process, as the tour says", async () => {
    const script = blocks("sh").find((block) => block.includes("PID_OF_THE_LEADER"));
    assert.ok(script !== undefined);
    const status = await quorate(["status", "--json"], { QUORATE_ENDPOINTS: cluster.endpoints });
    const leader = (JSON.parse(status.stdout) as { node: number; role: string }[]).find(
      ({ role }) => role === "leader",
    )!;
    const { pid } = cluster.replicas.find(({ node }) => node === leader.node)!;
    const held = "until npx quorate lock list | grep -q held; do :; done\n";
    // The command holds the lock until all else of the tour was done, however slow the machine is.
    const over = join(data, "tour-is-over");
    const runnable = script
      .replace(/kill -9 PID_OF_THE_LEADER.*/, `${held}kill -9 ${pid}`)
      .replace("sleep 20", `until [ -e ${over} ]; do sleep 0.1; done`);
    const ended = await finished(
      spawn("bash", ["-ec", `${runnable}\ntouch ${over}\nwait`], {
        cwd: root,
        env: { ...process.env, QUORATE_ENDPOINTS: cluster.endpoints },
      }),
    );
    assert.equal(ended.code, 0, ended.stderr);
    assert.match(ended.stdout, /token \d+/);
    assert.match(ended.stdout, /demo +held/);
    assert.match(ended.stdout, /done/);
  });

  test("the program runs and prints its value and a token", async () => {
    const [program] = blocks("ts");
    assert.ok(program !== undefined);
    const list = cluster.endpoints
      .split(",")
      .map((endpoint) => JSON.stringify(endpoint))
      .join(", ");
    const file = join(root, "test", "docs", `tour-${process.pid}.ts`);
    writeFileSync(file, program.replace(/connect\(\[[^\]]*\]\)/, `connect([${list}])`));
    try {
      const ended = await finished(
        spawn(process.execPath, ["--conditions=quorate-source", "--import", "tsx", file], { cwd: root }),
      );
      assert.equal(ended.code, 0, ended.stderr);
      assert.equal(ended.stdout, "hello\na token: true\n");
    } finally {
      rmSync(file);
    }
  });

  test("the replicated counter counts", async () => {
    const ended = await finished(
      spawn(process.execPath, ["--conditions=quorate-source", "--import", "tsx", "examples/counter.ts"], { cwd: root }),
    );
    assert.equal(ended.stdout, "count is 1\ncount is 3\ncount is 6\n", ended.stderr);
    assert.ok(readFileSync(join(root, "examples/counter.ts"), "utf8").split("\n").length <= 41);
  });
});

test("every file that the documents name is there", () => {
  for (const name of ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md"]) {
    const text = readFileSync(join(root, name), "utf8");
    for (const [, target] of text.matchAll(/\]\(([^)#:]+)\)/g)) readFileSync(join(root, target!));
  }
});
