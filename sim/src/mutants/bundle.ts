import { join } from "node:path";
import { build } from "esbuild";

/**
 * Makes one JavaScript file of a TypeScript file in a planted folder and of all that it imports, libraries from outside excepted: it starts at once, and runs faster than
 * what is compiled as it is loaded, which is made to keep the names of functions. Returns its path.
 */
export async function bundled(folder: string, file: string): Promise<string> {
  const outfile = join(folder, "bundle.mjs");
  await build({
    absWorkingDir: folder,
    entryPoints: [file],
    outfile,
    bundle: true,
    platform: "node",
    format: "esm",
    target: "node20",
    conditions: ["quorate-source"],
    external: ["fast-check"],
    logLevel: "silent",
  });
  return outfile;
}
