import type { Lane, TraceEvent } from "../trace/trace.ts";

/** How two neighbours among the lanes are cut off from each other: in both directions, or in one. */
type Cut = "cut" | "cut one";

/** Links that are cut, as `from to`. */
type Links = ReadonlySet<string>;

/**
 * Shades between the lanes of nodes, as long as nothing passes from one side to the other (slanted: in one direction). A gap between two neighbours is shaded if they are cut off
 * from each other, so that the sides of a partition are what stands between shades; all gaps between two that are further apart, if nothing between them would show it.
 *
 * @param xs - of the lanes, by their ids.
 * @param ys - of the events.
 */
export function cutShades(
  events: readonly TraceEvent[],
  lanes: readonly Lane[],
  xs: ReadonlyMap<number, number>,
  ys: readonly number[],
  bottom: number,
): string[] {
  const nodes = lanes.filter(({ kind }) => kind === "node").map(({ id }) => id);
  const placed = nodes.toSorted((left, right) => xs.get(left)! - xs.get(right)!);
  const links = new Set<string>();
  const drawn: string[] = [];
  let shown: readonly (Cut | null)[] = [];
  const since = placed.map(() => 0);
  const show = (next: readonly (Cut | null)[], y: number): void => {
    for (let gap = 0; gap < placed.length - 1; gap++) {
      const cut = shown[gap] ?? null;
      if (cut === (next[gap] ?? null)) continue;
      const [x1, x2] = [xs.get(placed[gap]!)!, xs.get(placed[gap + 1]!)!];
      const from = since[gap]!;
      // Links are cut one after the other within one instant.
      if (cut !== null && y > from)
        drawn.push(`<rect class="${cut}" x="${x1}" y="${from}" width="${x2 - x1}" height="${y - from}"/>`);
      since[gap] = y;
    }
    shown = next;
  };
  events.forEach(({ kind, lane, peer }, index) => {
    if (kind !== "cut" && kind !== "heal") return;
    if (kind === "cut") links.add(`${lane} ${peer}`);
    else links.delete(`${lane} ${peer}`);
    show(gapsOf(placed, links), ys[index]!);
  });
  show([], bottom);
  return drawn;
}

function gapsOf(placed: readonly number[], links: Links): readonly (Cut | null)[] {
  const gaps = placed.slice(1).map((id, index) => cutOf(placed[index]!, id, links));
  const near = [...gaps];
  for (let left = 0; left < placed.length; left++) {
    for (let right = left + 2; right < placed.length; right++) {
      const cut = cutOf(placed[left]!, placed[right]!, links);
      if (cut === null || near.slice(left, right).some((gap) => gap !== null)) continue;
      for (let gap = left; gap < right; gap++) gaps[gap] ??= cut;
    }
  }
  return gaps;
}

function cutOf(one: number, other: number, links: Links): Cut | null {
  const [there, back] = [links.has(`${one} ${other}`), links.has(`${other} ${one}`)];
  return there && back ? "cut" : there || back ? "cut one" : null;
}
