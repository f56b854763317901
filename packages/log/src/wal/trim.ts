import type { QuorateError } from "@quorate/machine";
import type { Done } from "../disk/disk.ts";
import { RECORD_HEADER_BYTES } from "./format.ts";
import type { GroupPart } from "./group-part.ts";
import type { WalLimits } from "./limits.ts";
import type { OpenSegments } from "./open-segments.ts";
import type { Segment } from "./segment.ts";
import type { IndexedEntry } from "./slot-index.ts";

/** How trimming is set up. */
export interface TrimmerOptions {
  readonly limits: WalLimits;
  readonly segments: OpenSegments;
  readonly parts: ReadonlyMap<number, GroupPart>;
  /** Makes durable which segment is the oldest that is needed, then runs `told`. */
  readonly announce: (told: () => void) => void;
  /** Takes a segment whose file is closed away from its place, durably when done. */
  readonly letGo: (segment: Segment, done: Done) => void;
  readonly failed: (error: QuorateError) => void;
}

/** What a segment still holds of one group. */
interface Pinned {
  readonly part: GroupPart;
  readonly votes: readonly IndexedEntry[];
}

/**
 * Lets the oldest segment go once a checkpoint covers what it holds. What is left in it of idle groups is appended anew first, if
 * it is little; so an idle group never pins a segment. One segment at a time, oldest first, so that what is on the disk is
 * always the end of the log without a hole; and the log says first which segment is the oldest it needs, so that a missing one is found.
 */
export class Trimmer {
  readonly #options: TrimmerOptions;
  #busy = false;
  #closed = false;

  constructor(options: TrimmerOptions) {
    this.#options = options;
  }

  /** Looks whether the oldest segment may go. */
  consider(): void {
    const { segments, limits } = this.#options;
    if (this.#busy || this.#closed || segments.count < 2) return;
    const oldest = segments.oldest;
    const pinned = this.#pinned(oldest);
    if (pinned === null) return;
    if (pinned.length === 0) {
      this.#remove(oldest);
      return;
    }
    let bytes = 0;
    for (const { votes } of pinned) {
      bytes += 4 * RECORD_HEADER_BYTES;
      for (const vote of votes) bytes += RECORD_HEADER_BYTES + vote.payloadBytes;
    }
    if (bytes <= limits.liveFractionMax * limits.segmentBytes) this.#move(oldest, pinned);
  }

  close(): void {
    this.#closed = true;
  }

  /** The groups that need the segment; `null` if a vote in it is being replaced and the new one is not durable yet. */
  #pinned(segment: number): readonly Pinned[] | null {
    const pinned: Pinned[] = [];
    for (const part of this.#options.parts.values()) {
      const votes: IndexedEntry[] = [];
      for (const indexed of part.index.values()) {
        if (indexed.olderSegment === segment && indexed.slot > part.facts.base) return null;
        if (indexed.segment === segment && indexed.slot > part.facts.base) votes.push(indexed);
      }
      if (votes.length > 0 || part.facts.factsIn(segment).length > 0) pinned.push({ part, votes });
    }
    return pinned;
  }

  #move(segment: number, pinned: readonly Pinned[]): void {
    this.#busy = true;
    let left = pinned.length;
    const moved = (): void => {
      left -= 1;
      if (left > 0) return;
      this.#busy = false;
      this.consider();
    };
    for (const { part, votes } of pinned) {
      const sorted = [...votes].sort((one, other) => one.slot - other.slot);
      this.#options.segments.read(sorted, (error, entries) => {
        if (this.#closed) return;
        if (error !== null || entries.length < sorted.length) {
          // A damaged record stays where it is, and so does its segment: the host repairs the slot, which replaces the vote.
          this.#busy = false;
          return;
        }
        // A vote that was replaced meanwhile is not moved: the newer one is on its way.
        const still = sorted.flatMap((indexed, at) =>
          part.index.get(indexed.slot) === indexed ? [{ indexed, entry: entries[at]! }] : [],
        );
        part.move(segment, still, moved);
      });
    }
  }

  #remove(segment: number): void {
    this.#busy = true;
    const { segments, parts, letGo } = this.#options;
    for (const part of parts.values()) part.index.forgetSegment(segment);
    segments.remove(segment, (closed) => {
      if (this.#closed) return;
      this.#options.announce(() => {
        if (this.#closed) return;
        letGo(closed, (error) => {
          if (this.#closed) return;
          if (error !== null) return this.#options.failed(error);
          this.#busy = false;
          this.consider();
        });
      });
    });
  }
}
