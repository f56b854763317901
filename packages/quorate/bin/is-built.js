// Whether every package of the workspace was built after its last change.
import { readdirSync, statSync } from "node:fs";

const packages = new URL("../../", import.meta.url);

/** @returns {boolean} */
export function isBuilt() {
  return readdirSync(packages).every((name) => {
    const built = newest(new URL(`${name}/dist/`, packages), ".tsbuildinfo", false);
    return built > 0 && newest(new URL(`${name}/src/`, packages), ".ts", true) <= built;
  });
}

/**
 * The latest change of a file whose name ends so; 0 if there is none.
 * @param {URL} folder
 * @param {string} ending
 * @param {boolean} below
 * @returns {number}
 */
function newest(folder, ending, below) {
  let latest = 0;
  let entries;
  try {
    entries = readdirSync(folder, { withFileTypes: true });
  } catch (error) {
    if (error.code === "ENOENT") return 0;
    throw error;
  }
  for (const entry of entries) {
    if (entry.isDirectory() && below)
      latest = Math.max(latest, newest(new URL(`${entry.name}/`, folder), ending, true));
    else if (entry.name.endsWith(ending)) latest = Math.max(latest, statSync(new URL(entry.name, folder)).mtimeMs);
  }
  return latest;
}
