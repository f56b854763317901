#!/usr/bin/env node
// The `quorate` command. An installed package runs what was built. In the workspace what was built runs too, as long as no source is
// newer; otherwise the source itself, by tsx, in this very process, so that signals, exit codes and --inspect reach the command.
import { existsSync } from "node:fs";

import { isBuilt } from "./is-built.js";

const source = new URL("../src/cli/main.ts", import.meta.url);

if (!existsSync(source) || isBuilt()) {
  await import(new URL("../dist/cli/main.js", import.meta.url).href);
} else {
  const { register: registerHook } = await import("node:module");
  const { register: registerTsx } = await import("tsx/esm/api");
  registerTsx();
  registerHook("./source-hooks.js", import.meta.url);
  await import(source.href);
}
