#!/usr/bin/env node
// The `quorate` command. An installed package has no src folder and runs what was built; in the workspace the source
// itself runs, in this very process, so that signals, exit codes and --inspect reach the command and not a wrapper.
import { existsSync } from "node:fs";

const source = new URL("../src/cli/main.ts", import.meta.url);

if (existsSync(source)) {
  const { register: registerHook } = await import("node:module");
  const { register: registerTsx } = await import("tsx/esm/api");
  registerTsx();
  registerHook("./source-hooks.js", import.meta.url);
  await import(source.href);
} else {
  await import(new URL("../dist/cli/main.js", import.meta.url).href);
}
