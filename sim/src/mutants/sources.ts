import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "./plant.ts";

/** Tells sources that are hunted in from other ones: a digest of every file that a hunt copies, but those that plant and hunt. */
export function digestOfSources(): string {
  const hash = createHash("sha256");
  const rooms = readdirSync(join(ROOT, "packages")).map((name) => `packages/${name}`);
  for (const room of [...rooms, "sim"].sort()) {
    const files = readdirSync(join(ROOT, room, "src"), { recursive: true, encoding: "utf8" });
    for (const file of files.filter((name) => name.endsWith(".ts") && !name.startsWith("mutants")).sort()) {
      hash.update(`${room}/${file}\n`).update(readFileSync(join(ROOT, room, "src", file)));
    }
  }
  return hash.digest("hex").slice(0, 12);
}
