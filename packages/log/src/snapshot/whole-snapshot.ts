import { viewOf } from "../wal/format.ts";
import type { SnapshotHead } from "../wal/group-log.ts";
import {
  CHUNK_HEADER_BYTES,
  chunkChecksum,
  decodeHeader,
  parseSnapshotName,
  SNAPSHOT_FOLDER,
} from "./snapshot-format.ts";

/**
 * The head of a snapshot that is whole: under its own name, with every chunk and the end of them. `null` for all else. For tools and tests that look
 * at a disk from outside.
 *
 * @param path - of the file, from the claimed folder.
 * @param bytes - the whole file.
 * @param push - told of the chunks of the image, in order: views, of a snapshot that may turn out not to be whole.
 */
export function wholeSnapshot(
  cluster: string,
  path: string,
  bytes: Uint8Array,
  push: (chunk: Uint8Array) => void = () => undefined,
): SnapshotHead | null {
  if (!path.startsWith(`${SNAPSHOT_FOLDER}/`)) return null;
  const name = parseSnapshotName(path.slice(SNAPSHOT_FOLDER.length + 1));
  const header = decodeHeader(bytes, cluster);
  if (name === null || header.state !== "whole") return null;
  if (header.head.group !== name.group || header.head.slot !== name.slot) return null;
  const view = viewOf(bytes);
  let { checksum } = header;
  for (let at = header.bytes; at + CHUNK_HEADER_BYTES <= bytes.length;) {
    const length = view.getUint32(at, true);
    const end = at + CHUNK_HEADER_BYTES + length;
    if (end > bytes.length) return null;
    const chunk = bytes.subarray(at + CHUNK_HEADER_BYTES, end);
    checksum = chunkChecksum(checksum, chunk);
    if (checksum !== view.getUint32(at + 4, true)) return null;
    if (length === 0) return header.head;
    push(chunk);
    at = end;
  }
  return null;
}
