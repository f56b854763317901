import type { Lane } from "../trace/trace.ts";

/**
 * The lanes that a witness is about: the nodes that it names; or, where it names clients (also as `process 3`), those and all nodes, since any may have served them; or all
 * where it names nobody.
 */
export function lanesNamed(witness: string, lanes: readonly Lane[]): readonly number[] {
  const numbersAfter = (words: RegExp): Set<number> =>
    new Set([...witness.matchAll(words)].flatMap(([, list]) => list!.match(/\d+/gu)!.map(Number)));
  const nodes = numbersAfter(/\bnodes? ((?:\d+(?:, | and )?)+)/gu);
  const clients = numbersAfter(/\b(?:clients?|process(?:es)?) ((?:\d+(?:, | and )?)+)/gu);
  const named = lanes.filter(({ name, kind }) => {
    const number = Number(name.slice(name.indexOf(" ") + 1));
    if (kind === "client") return clients.has(number);
    return clients.size > 0 || nodes.has(number);
  });
  return (named.length === 0 ? lanes : named).map(({ id }) => id);
}
