import { numberMeant, offsetMeant, type StrangeStamp } from "./sector-stamp.ts";
import type { Segment } from "./segment.ts";

/** A place in the log: of the content of a sector, or of what begins there. */
export interface LogPlace {
  /** Number of the segment. */
  readonly segment: number;
  readonly offset: number;
}

/** A sector that a disk put in a wrong place: it bears, whole, the stamp of the place that it was meant for. So something was written for that place. */
export interface StraySector {
  readonly lies: LogPlace;
  readonly meant: LogPlace;
}

export function isBefore(one: LogPlace, other: LogPlace): boolean {
  return one.segment < other.segment || (one.segment === other.segment && one.offset < other.offset);
}

/** The strange sectors of a log, as far as it can be told where they belong. */
export class StraySectors {
  readonly #strange: ReadonlyMap<number, readonly StrangeStamp[]>;
  readonly #segments: readonly Segment[];
  /** Those of segments that there are. */
  readonly #strays: readonly StraySector[];

  /**
   * @param strange - per number of a segment, the strange sectors in it.
   * @param segments - all that there are, ascending.
   */
  constructor(strange: ReadonlyMap<number, readonly StrangeStamp[]>, segments: readonly Segment[]) {
    this.#strange = strange;
    this.#segments = segments;
    this.#strays = [...strange].flatMap(([segment, stamps]) =>
      stamps.flatMap((stamp) => {
        const meant = placeMeant(stamp, segments);
        return meant === null ? [] : { lies: { segment, offset: stamp.offset }, meant };
      }),
    );
  }

  /** Those that were meant for this place or one behind it. */
  meantFrom(place: LogPlace): readonly StraySector[] {
    return this.#strays.filter(({ meant }) => !isBefore(meant, place));
  }

  /** Whether the sector there was meant for a segment that was let go, be it the same file: so nothing was written there since the file has its present number. */
  isFromBefore(lies: LogPlace): boolean {
    const [first] = this.#segments;
    const stamp = this.#strange.get(lies.segment)?.find(({ offset }) => offset === lies.offset);
    return first !== undefined && stamp !== undefined && numberMeant(stamp, first.key, first.contentBytes) > 0;
  }

  /** Whether the sector there was meant for another place before this one. */
  isMeantBefore(lies: LogPlace, place: LogPlace): boolean {
    return this.#strays.some((stray) => isAt(stray, lies) && isBefore(stray.meant, place)) || this.isFromBefore(lies);
  }
}

export function isAt({ lies }: StraySector, { segment, offset }: LogPlace): boolean {
  return lies.segment === segment && lies.offset === offset;
}

function placeMeant(stamp: StrangeStamp, segments: readonly Segment[]): LogPlace | null {
  for (const { number, key, contentBytes } of segments) {
    const offset = offsetMeant(stamp, key, contentBytes);
    if (offset >= 0) return { segment: number, offset };
  }
  return null;
}
