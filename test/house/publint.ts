/** Checks what every package would publish: `publint`, strict, on the packed files. Needs a build. */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { publint } from "publint";
import { formatMessage } from "publint/utils";

const root = fileURLToPath(new URL("../..", import.meta.url));
const folders = [...readdirSync(join(root, "packages")).map((name) => join("packages", name)), "sim"];

for (const folder of folders) {
  const { messages, pkg } = await publint({ pkgDir: join(root, folder), pack: "npm", strict: true });
  for (const message of messages) {
    process.exitCode = 1;
    console.error(`${folder}: ${formatMessage(message, pkg) ?? message.code}`);
  }
}
