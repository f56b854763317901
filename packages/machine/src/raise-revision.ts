import { decoded, head, refuseNewerFormat } from "./composite-image.ts";
import { corruptImage } from "./record-image.ts";

const LENGTH_BYTES = 4;

/** An image in chunks, and the count of steps that it says. */
export interface RaisedImage {
  readonly chunks: readonly Uint8Array[];
  readonly revision: number;
}

/**
 * The same image of a composite with its count of steps raised by `by`, whatever machines are in it. Revisions name sessions and fence resources, and are never
 * reused: so a state that is put back from an older image must go on above every revision that its log may have given out since.
 *
 * @throws QuorateError `LOG_CORRUPT` for an image without a head, `LOG_NEWER` for one of a newer format.
 */
export function raiseRevision(chunks: readonly Uint8Array[], by: number): RaisedImage {
  let start: Uint8Array = new Uint8Array(0);
  let used = 0;
  const end = (): number =>
    start.length < LENGTH_BYTES ? LENGTH_BYTES : LENGTH_BYTES + new DataView(start.buffer).getUint32(0, true);
  while (start.length < LENGTH_BYTES || start.length < end()) {
    const chunk = chunks[used];
    if (chunk === undefined) throw corruptImage("it ends inside its head");
    start = joined(start, chunk);
    used += 1;
  }
  const record = start.slice(LENGTH_BYTES, end());
  refuseNewerFormat(record);
  const [format, before, ...rest] = decoded(head, record);
  const revision = before + by;
  const raised = head.encode([format, revision, ...rest]);
  const length = new Uint8Array(LENGTH_BYTES);
  new DataView(length.buffer).setUint32(0, raised.length, true);
  const first = joined(joined(length, raised), start.subarray(end()));
  return { chunks: [first, ...chunks.slice(used)], revision };
}

function joined(left: Uint8Array, right: Uint8Array): Uint8Array {
  const both = new Uint8Array(left.length + right.length);
  both.set(left);
  both.set(right, left.length);
  return both;
}
