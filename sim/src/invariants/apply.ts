import type { SnapshotHead } from "@quorate/log";
import { type Composite } from "@quorate/machine";
import type { Durable, Entry, Member, Output } from "@quorate/paxos";
import type { GhostNode } from "../ghost/ghost-node.ts";
import { commandsOf, showValue } from "../ghost/value.ts";
import { Checker } from "./checker.ts";

/** What a state machine is after a slot, as far as every step tells it. */
interface Summary {
  readonly node: number;
  readonly revision: number;
  readonly logTimeMs: number;
  readonly digest: number;
}

interface StateHash {
  readonly node: number;
  readonly hash: number;
}

/** The slot of the first hash of a whole state; from there to the next are as many, and so on, doubled up to {@link HASH_SLOTS_MIN}. Short runs are to have some. */
const HASH_FIRST_SLOTS = 16;
/** Slots between two hashes of whole states, at least, once there were some; more if states are large. */
const HASH_SLOTS_MIN = 256;
const HASH_BYTES_PER_SLOT = 128;
const IMAGE_CHUNK_BYTES = 64 * 1024;

/** D1 to D5: every replica applies what is chosen, in order, each once, and has the same state and results after it. */
export class ApplyChecker extends Checker {
  readonly #summaries: Summary[] = [];
  readonly #hashes = new Map<number, StateHash>();
  #hashFrom = HASH_FIRST_SLOTS;
  #hashSlotsMin = HASH_FIRST_SLOTS;

  override replicaBegan(id: number, _self: Member, _life: number, durable: Durable, composite: Composite): void {
    if (durable.base > 0) this.#isAsSaved(id, durable.base, composite);
  }

  /** D4. */
  override outputOf(node: GhostNode, { chosenTo }: Output): void {
    if (chosenTo < node.chosenTo) {
      this.report("D4", `node ${node.id} knew slot ${node.chosenTo} to be chosen, and now ${chosenTo}`);
    }
  }

  override applied(id: number, entry: Entry, counted: boolean, composite: Composite): void {
    const node = this.ghost.node(id);
    const { log } = this.ghost;
    const { slot } = entry;
    if (slot !== node.appliedTo + 1) {
      this.report("D1", `node ${id} applies slot ${slot}, after slot ${node.appliedTo}`);
    }
    node.appliedTo = slot;
    const value = this.ghost.values.of(entry);
    const chosen = slot <= log.chosenTo ? log.chosen(slot) : null;
    if (value !== chosen) {
      const instead = chosen === null ? "nothing is chosen there" : `chosen is ${showValue(chosen)}`;
      this.report("D2", `node ${id} applies ${showValue(value)} in slot ${slot}; ${instead}`);
    }
    this.#compare("D5", id, slot, composite);
    if (counted) this.#compareState(id, slot, composite);
  }

  override snapshotInstalled(id: number, head: SnapshotHead, composite: Composite): void {
    const node = this.ghost.node(id);
    if (head.slot <= node.appliedTo) {
      this.report(
        "D1",
        `node ${id} installs a snapshot to slot ${head.slot} over a state that has applied ${node.appliedTo}`,
      );
    }
    this.coverage.hit("snapshot installed while running");
    node.appliedTo = head.slot;
    this.#isAsSaved(id, head.slot, composite);
  }

  /** D3 of the state that a replica is about to save: {@link snapshotTaken} compares with it what was saved, however long that took. */
  override snapshotBegun(id: number, { slot }: SnapshotHead, composite: Composite): void {
    this.#compareHash("D3", slot, id, hashOf(chunksOf(composite)));
  }

  /** E1, of the bytes: a snapshot that a replica made is of the state that stood in that slot as it began, and that others have there. */
  override snapshotTaken(id: number, { slot }: SnapshotHead): void {
    const image = this.ghost.imageOf(id, slot);
    if (image !== null) this.#compareHash("E1", slot, id, hashOf(image));
  }

  /** E1: what was restored from the snapshot of a slot is what stands in it, and what others have there. */
  #isAsSaved(id: number, slot: number, composite: Composite): void {
    this.#compare("E1", id, slot, composite);
    const { hash } = hashOf(chunksOf(composite));
    const image = this.ghost.imageOf(id, slot);
    if (image !== null && hashOf(image).hash !== hash) {
      this.report("E1", `node ${id} restores a snapshot of slot ${slot}, and its state is not what the snapshot says`);
    }
    this.#compareHash("E1", slot, id, { hash });
  }

  /** D5 and E1: revision, log time and rolling digest of all results, as the first replica had them. */
  #compare(invariant: "D5" | "E1", node: number, slot: number, composite: Composite): void {
    const { revision, logTimeMs, digest } = composite;
    const first = this.#summaries[slot];
    if (first === undefined) {
      const found = { node, revision, logTimeMs, digest };
      if (invariant === "D5") this.#summaries[slot] = found;
      else this.report("E1", `node ${node} has the state after slot ${slot} from a snapshot, which nobody had applied`);
      return;
    }
    if (first.revision === revision && first.logTimeMs === logTimeMs && first.digest === digest) return;
    const one = show({ node, revision, logTimeMs, digest });
    this.report(invariant, `after slot ${slot} ${one}, ${show(first)}${this.#words(slot)}`);
  }

  /** D3: the whole state, byte for byte, now and then at the same slots. */
  #compareState(node: number, slot: number, composite: Composite): void {
    const first = this.#hashes.get(slot);
    if (first === undefined && slot < this.#hashFrom) return;
    const found = hashOf(chunksOf(composite));
    this.#compareHash("D3", slot, node, found);
    if (first === undefined) {
      this.#hashFrom = slot + Math.max(this.#hashSlotsMin, Math.ceil(found.bytes / HASH_BYTES_PER_SLOT));
      this.#hashSlotsMin = Math.min(2 * this.#hashSlotsMin, HASH_SLOTS_MIN);
    }
  }

  #compareHash(invariant: "D3" | "E1", slot: number, node: number, { hash }: { readonly hash: number }): void {
    const first = this.#hashes.get(slot);
    if (first === undefined) this.#hashes.set(slot, { node, hash });
    else if (first.hash !== hash) {
      const both = `checksum ${hash.toString(16)}, that of node ${first.node} has ${first.hash.toString(16)}`;
      this.report(invariant, `after slot ${slot} the image of the state of node ${node} has the ${both}`);
    }
  }

  #words(slot: number): string {
    const value = this.ghost.log.chosen(slot);
    if (value?.kind !== "batch") return "";
    const commands = commandsOf(value.bytes);
    const words = commands.map(({ request, machine }) => `${machine} ${request.session}:${request.number}`);
    return `; it holds ${words.join(", ") || "a clock step"}`;
  }
}

function show({ node, revision, logTimeMs, digest }: Summary): string {
  return `node ${node} has revision ${revision}, log time ${logTimeMs}, digest ${digest}`;
}

function* chunksOf(composite: Composite): Generator<Uint8Array, void> {
  const image = composite.image();
  for (let chunk = image.next(IMAGE_CHUNK_BYTES); chunk !== null; chunk = image.next(IMAGE_CHUNK_BYTES)) yield chunk;
  image.release();
}

function hashOf(chunks: Iterable<Uint8Array>): { readonly hash: number; readonly bytes: number } {
  let hash = 0x811c9dc5;
  let bytes = 0;
  for (const chunk of chunks) {
    // Not a CRC: an image may carry its own.
    for (let index = 0; index < chunk.length; index++) hash = Math.imul(hash ^ chunk[index]!, 0x01000193);
    bytes += chunk.length;
  }
  return { hash: hash >>> 0, bytes };
}
