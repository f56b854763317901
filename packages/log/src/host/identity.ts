import { crc32c, QuorateError } from "@quorate/machine";
import type { Disk, Done } from "../disk/disk.ts";
import { inTurn } from "../disk/in-turn.ts";
import { logCorrupt, logNewer, wiped, wrongCluster } from "../errors.ts";
import type { FormedMember } from "../transport/transport.ts";
import type { WalFault } from "../wal/recovery.ts";

/**
 * Who the owner of a folder is: the durable file `identity`. Its incarnation is durable before any message names it.
 *
 * - `new`: nothing was agreed to.
 * - `agreed`: `members` is the one set that this folder ever agrees to form the cluster with.
 * - `formed`: every one of `members` has agreed. The node votes.
 * - `joined`: the folder came to the cluster of `members` after it was formed, under an incarnation of its own.
 * - `old-copy`: a peer heard of more than this disk began with. It forgot what it said since, and never votes again (rule 14).
 */
export interface Identity {
  readonly cluster: string;
  readonly node: number;
  readonly incarnation: number;
  readonly state: "new" | "agreed" | "formed" | "joined" | "old-copy";
  /** The set that the cluster was formed with, ascending by node; empty while `new`. */
  readonly members: readonly FormedMember[];
}

/** Path of the identity, inside the claimed folder. */
export const IDENTITY_FILE = "identity";
/** The same once more, so that damage to one file does not cost the node its name. */
const COPY_FILE = "identity.copy";
const UNFINISHED = ".new";
const FORMAT = 1;
const HEAD = "quorate identity ";
/** A file longer than this is none of ours: 1,023 members take less. */
const BYTES_MAX = 64 * 1024;
const STATES: readonly Identity["state"][] = ["new", "agreed", "formed", "joined", "old-copy"];

/** The file: `quorate identity 1`, the fields as JSON, CRC-32C of both lines in hexadecimal; each a line. */
export function encodeIdentity(identity: Identity): Uint8Array {
  const { cluster, node, incarnation, state, members } = identity;
  const fields = JSON.stringify({
    cluster,
    node,
    incarnation,
    state,
    members: members.map((m) => [m.node, m.incarnation]),
  });
  const body = `${HEAD}${FORMAT}\n${fields}\n`;
  const encoder = new TextEncoder();
  const checksum = crc32c(encoder.encode(body)).toString(16).padStart(8, "0");
  return encoder.encode(`${body}${checksum}\n`);
}

/** Throws QuorateError `LOG_CORRUPT` or `LOG_NEWER`. */
export function decodeIdentity(bytes: Uint8Array): Identity {
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (cause) {
    throw logCorrupt(IDENTITY_FILE, 0, "the file is not text", cause);
  }
  const lines = text.split("\n");
  const [head, fields, checksum, rest] = lines;
  if (head === undefined || !head.startsWith(HEAD) || fields === undefined || checksum === undefined) {
    throw logCorrupt(IDENTITY_FILE, 0, "the file does not begin like an identity");
  }
  const body = `${head}\n${fields}\n`;
  const wanted = crc32c(new TextEncoder().encode(body)).toString(16).padStart(8, "0");
  if (wanted !== checksum || rest !== "" || lines.length !== 4) {
    throw logCorrupt(IDENTITY_FILE, body.length, "the checksum does not match");
  }
  const version = Number(head.slice(HEAD.length));
  if (version !== FORMAT) throw logNewer(IDENTITY_FILE, version, FORMAT);
  return checkedIdentity(JSON.parse(fields));
}

/** The incarnation that a file `identity` names; `null` if it cannot be read. For those who look at a disk from outside. */
export function incarnationOf(bytes: Uint8Array): number | null {
  try {
    return decodeIdentity(bytes).incarnation;
  } catch (error) {
    if (error instanceof QuorateError) return null;
    throw error;
  }
}

function checkedIdentity(value: unknown): Identity {
  const bad = (why: string): QuorateError => logCorrupt(IDENTITY_FILE, HEAD.length + 2, why);
  if (typeof value !== "object" || value === null) throw bad("the fields are no object");
  const { cluster, node, incarnation, state, members } = value as Record<string, unknown>;
  if (typeof cluster !== "string" || typeof node !== "number" || typeof incarnation !== "number") {
    throw bad("cluster, node or incarnation is missing");
  }
  if (!isState(state)) throw bad("the state is unknown");
  if (!Array.isArray(members)) throw bad("the members are missing");
  const checked = members.map((member: unknown): FormedMember => {
    if (!Array.isArray(member) || typeof member[0] !== "number" || typeof member[1] !== "number") {
      throw bad("a member is no pair of node and incarnation");
    }
    return { node: member[0], incarnation: member[1] };
  });
  return { cluster, node, incarnation, state, members: checked };
}

function isState(value: unknown): value is Identity["state"] {
  return STATES.includes(value as Identity["state"]);
}

/** What the two files say, and what is wrong with them. */
export interface LoadedIdentity {
  readonly identity: Identity;
  /** Damage to one of the files; the other one is whole. */
  readonly faults: readonly WalFault[];
  /** Both say the same. */
  readonly agree: boolean;
}

/** The identity of a claimed folder. */
export interface FolderIdentity {
  /** `null`: the folder is empty. */
  readonly identity: Identity | null;
  readonly faults: readonly WalFault[];
}

/**
 * Reads the identity of a claimed folder, and makes a damaged or missing copy of it anew. Refused: a folder of another cluster or node
 * (`WRONG_CLUSTER`), one whose identity is unreadable in both files (`LOG_CORRUPT`), and one that has a log but no identity (`WIPED`).
 */
export function readIdentity(disk: Disk, cluster: string, node: number, done: Done<FolderIdentity>): void {
  const end = (error: QuorateError | null, identity: Identity | null, faults: readonly WalFault[] = []): void => {
    done(error, { identity, faults });
  };
  disk.list("", (listError, names) => {
    if (listError !== null) return end(listError, null);
    if (!holdsIdentity(names)) {
      if (!names.includes("wal") && !names.includes("snapshot")) return end(null, null);
      return end(
        wiped(node, "its folder holds a log, but the file `identity` that says whose log it is is gone"),
        null,
      );
    }
    loadIdentity(disk, (error, loaded) => {
      if (error !== null) return end(error, null);
      const { identity, faults, agree } = loaded;
      if (identity.cluster !== cluster || identity.node !== node) {
        const found = `node ${identity.node} of cluster ${identity.cluster}`;
        return end(wrongCluster(found, `node ${node} of cluster ${cluster}`), null);
      }
      if (agree) return end(null, identity, faults);
      writeIdentity(disk, identity, (writeError) => end(writeError, identity, faults));
    });
  });
}

/** Whether one of the two files is among the names in a folder. */
export function holdsIdentity(names: readonly string[]): boolean {
  return names.includes(IDENTITY_FILE) || names.includes(COPY_FILE);
}

/**
 * Reads the identity of a folder, whoever's it is. The first file counts where it is whole. The copy may be one step behind: then a crash came
 * between the two, and nobody was told of the step. `LOG_CORRUPT`, `LOG_NEWER`; `LOG_FAILED` if there is none.
 */
export function loadIdentity(disk: Disk, done: Done<LoadedIdentity>): void {
  readOne(disk, IDENTITY_FILE, (firstError, first) => {
    if (firstError !== null && firstError.code === "LOG_NEWER") return done(firstError, undefined as never);
    readOne(disk, COPY_FILE, (copyError, copy) => {
      const error =
        copyError?.code === "LOG_NEWER" ? copyError : firstError !== null && copyError !== null ? firstError : null;
      if (error !== null) return done(error, undefined as never);
      const faults: WalFault[] = [];
      for (const [file, fault] of [
        [IDENTITY_FILE, firstError],
        [COPY_FILE, copyError],
      ] as const) {
        if (fault !== null)
          faults.push({
            file,
            offset: Number(fault.detail["offset"] ?? 0),
            why: "it cannot be read; the other copy of it is whole",
          });
      }
      const agree = firstError === null && copyError === null && isSame(first, copy);
      done(null, { identity: firstError === null ? first : copy, faults, agree });
    });
  });
}

function isSame(first: Identity, copy: Identity): boolean {
  const bytes = encodeIdentity(copy);
  return encodeIdentity(first).every((byte, at) => byte === bytes[at]);
}

function readOne(disk: Disk, path: string, done: Done<Identity>): void {
  const fail = (error: QuorateError): void => {
    done(error, undefined as never);
  };
  disk.open(path, (openError, file) => {
    if (openError !== null) return fail(openError);
    if (file.bytes > BYTES_MAX) return fail(logCorrupt(path, BYTES_MAX, "the file is too long for an identity"));
    file.read(0, file.bytes, (readError, bytes) => {
      file.close((closeError) => {
        const error = readError ?? closeError;
        if (error !== null) return fail(error);
        let identity: Identity;
        try {
          identity = decodeIdentity(bytes);
        } catch (thrown) {
          if (thrown instanceof QuorateError) return fail(thrown);
          return fail(logCorrupt(path, 0, "the fields cannot be read", thrown));
        }
        done(null, identity);
      });
    });
  });
}

/** Makes `identity` durable in place of the earlier one, in both files, one after the other: each whole, or not at all. */
export function writeIdentity(disk: Disk, identity: Identity, done: Done): void {
  const bytes = encodeIdentity(identity);
  inTurn([IDENTITY_FILE, COPY_FILE], (path, next) => writeOne(disk, path, bytes, next), done);
}

function writeOne(disk: Disk, path: string, bytes: Uint8Array, done: Done): void {
  const unfinished = path + UNFINISHED;
  disk.remove(unfinished, (removeError) => {
    if (removeError !== null) return done(removeError);
    disk.create(
      unfinished,
      bytes.length,
      (position, length) => bytes.subarray(position, position + length),
      (createError, file) => {
        if (createError !== null) return done(createError);
        file.close((closeError) => {
          if (closeError !== null) return done(closeError);
          disk.rename(unfinished, path, done);
        });
      },
    );
  });
}
