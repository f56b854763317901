/** Who may import whom: the import table of the house as data, and the judge of one import. */
import { builtinModules } from "node:module";
import { posix } from "node:path";
import { parseSync, Visitor } from "oxc-parser";

/** One row of the import table. Paths are relative to the room's `src`; a folder ends with a slash, `""` is all of it. */
export interface Room {
  /** From the root of the workspace. */
  readonly folder: string;
  /** Entries of other packages, complete: a sub-entry (`@quorate/log/node`) needs an arrow of its own. */
  readonly arrows: readonly string[];
  /** Outside libraries, and the one place that may touch each. */
  readonly libraries: Readonly<Record<string, string>>;
  /** Where `node:*` may be imported. */
  readonly nodePlaces: readonly string[];
}

const pure: Pick<Room, "libraries" | "nodePlaces"> = { libraries: {}, nodePlaces: [] };

export const rooms: Readonly<Record<string, Room>> = {
  paxos: { folder: "packages/paxos", arrows: [], ...pure },
  machine: { folder: "packages/machine", arrows: [], ...pure },
  check: { folder: "packages/check", arrows: [], ...pure },
  kv: {
    folder: "packages/kv",
    arrows: ["@quorate/machine"],
    libraries: { "sorted-btree": "machine/" },
    nodePlaces: [],
  },
  lock: { folder: "packages/lock", arrows: ["@quorate/machine"], ...pure },
  client: { folder: "packages/client", arrows: ["@quorate/machine"], ...pure },
  log: {
    folder: "packages/log",
    arrows: ["@quorate/paxos", "@quorate/machine"],
    libraries: {},
    nodePlaces: ["node/"],
  },
  net: {
    folder: "packages/net",
    arrows: ["@quorate/paxos", "@quorate/machine", "@quorate/log", "@quorate/client"],
    libraries: { ws: "" },
    nodePlaces: [""],
  },
  sim: {
    folder: "sim",
    arrows: [
      "@quorate/paxos",
      "@quorate/machine",
      "@quorate/machine/suite",
      "@quorate/client",
      "@quorate/log",
      "@quorate/kv",
      "@quorate/lock",
      "@quorate/check",
      "@quorate/net/codec",
    ],
    libraries: { "fast-check": "", esbuild: "mutants/" },
    nodePlaces: ["cli.ts", "cli/", "node/", "report/", "mutants/", "campaign/"],
  },
  quorate: {
    folder: "packages/quorate",
    arrows: [
      "@quorate/paxos",
      "@quorate/machine",
      "@quorate/machine/suite",
      "@quorate/check",
      "@quorate/kv",
      "@quorate/lock",
      "@quorate/client",
      "@quorate/log",
      "@quorate/log/node",
      "@quorate/log/suite",
      "@quorate/net",
      "@quorate/net/codec",
    ],
    libraries: { commander: "cli/" },
    nodePlaces: [""],
  },
};

/** What a folder inside a package may import from its siblings; a file at the top of `src` counts as the folder `""`. */
const folderArrows: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>> = {
  log: {
    "": [],
    disk: [""],
    transport: [""],
    wal: ["", "disk", "transport"],
    snapshot: ["", "disk", "transport", "wal"],
    replica: ["", "disk", "transport", "wal", "snapshot"],
    host: ["", "disk", "transport", "wal", "snapshot", "replica"],
    inspect: ["", "disk", "wal", "snapshot", "replica", "host"],
    node: ["", "disk", "transport"],
    suite: ["", "disk", "transport"],
  },
};

/** Folders that stand alone: their files import none of the package's other files, since an entry of their own leads there. */
const islands: Readonly<Record<string, readonly string[]>> = { net: ["codec"] };

/** What an island may not import although its room may. */
const islandBans: Readonly<Record<string, (specifier: string) => boolean>> = {
  "net/codec": (specifier) => specifier === "ws" || isNode(specifier),
};

function isNode(specifier: string): boolean {
  return specifier.startsWith("node:") || builtinModules.includes(specifier);
}

function isWithin(file: string, place: string): boolean {
  return place === "" || file === place || (place.endsWith("/") && file.startsWith(place));
}

function topFolder(file: string): string {
  const slash = file.indexOf("/");
  return slash < 0 ? "" : file.slice(0, slash);
}

/** Every module that `source` names: import, export from, import(), import types and `import x = require()`. `null` for an import() of something computed. */
export function importsOf(file: string, source: string): (string | null)[] {
  const parsed = parseSync(file, source);
  const fault = parsed.errors[0];
  if (fault !== undefined) throw new Error(`${file} does not parse: ${fault.message}`);
  const found: (string | null)[] = [];
  new Visitor({
    ImportDeclaration: (node) => void found.push(node.source.value),
    ExportAllDeclaration: (node) => void found.push(node.source.value),
    ExportNamedDeclaration: (node) => {
      if (node.source !== null) found.push(node.source.value);
    },
    ImportExpression: (node) => {
      const literal = node.source.type === "Literal" && typeof node.source.value === "string";
      found.push(literal ? String((node.source as { value: unknown }).value) : null);
    },
    TSImportType: (node) => void found.push(node.source.value),
    TSExternalModuleReference: (node) => void found.push(node.expression.value),
  }).visit(parsed.program);
  return found;
}

/** Why `file` (relative to the `src` of `roomName`) may not import `specifier`, or null if it may. */
export function refusal(roomName: string, file: string, specifier: string | null): string | null {
  const room = rooms[roomName];
  if (room === undefined) return `${roomName} is no row of the import table`;
  if (specifier === null) return "imports something computed, which cannot be checked";
  const folder = topFolder(file);
  if ((islands[roomName] ?? []).includes(folder) && islandBans[`${roomName}/${folder}`]?.(specifier) === true) {
    return `${folder}/ is imported without the rest of ${roomName}, so ${specifier} has no place in it`;
  }
  if (specifier.startsWith(".")) return refusalInside(roomName, file, specifier);
  if (isNode(specifier)) {
    if (!specifier.startsWith("node:")) return `${specifier} is written without node:`;
    return room.nodePlaces.some((place) => isWithin(file, place)) ? null : `${specifier} is imported in a pure place`;
  }
  if (specifier === "quorate" || specifier.startsWith("@quorate/")) {
    return room.arrows.includes(specifier) ? null : `the table has no arrow ${roomName} → ${specifier}`;
  }
  const place = room.libraries[specifier];
  if (place === undefined) return `${specifier} is no library of ${roomName}`;
  return isWithin(file, place) ? null : `${specifier} may only be touched in ${place}`;
}

function refusalInside(roomName: string, file: string, specifier: string): string | null {
  if (!specifier.endsWith(".ts")) return `${specifier} is written without .ts`;
  const target = posix.normalize(posix.join(posix.dirname(file), specifier));
  if (target.startsWith("..")) return `${specifier} leaves the package`;
  const from = topFolder(file);
  const to = topFolder(target);
  if (from === to || file === "index.ts") {
    return file === "index.ts" && roomName === "log" && to === "node" ? "only its own entry leads to node/" : null;
  }
  if ((islands[roomName] ?? []).includes(from)) return `${from}/ stands alone, and ${target} lies outside it`;
  const arrows = folderArrows[roomName];
  if (arrows === undefined) return null;
  if (target === "index.ts") return "the face of a package is not imported from inside it";
  const allowed = arrows[from];
  if (allowed === undefined) return `${from}/ is no folder of the order inside ${roomName}`;
  return allowed.includes(to)
    ? null
    : `inside ${roomName}, ${from === "" ? file : `${from}/`} may not import ${target}`;
}
