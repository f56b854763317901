import type { Lane } from "../trace/trace.ts";

/**
 * The lanes that a witness is about: the nodes that it names; or, where it names clients (by number or by identity, also as `process 3`), those and all nodes, since any may have served them; or all
 * where it names nobody.
 */
export function lanesNamed(witness: string, lanes: readonly Lane[]): readonly number[] {
  const numbersAfter = (words: RegExp): Set<number> =>
    new Set([...witness.matchAll(words)].flatMap(([, list]) => list!.match(/\d+/gu)!.map(Number)));
  const nodes = numbersAfter(/\bnodes? ((?:\d+(?:, | and )?)+)/gu);
  const clients = numbersAfter(/\b(?:clients?|process(?:es)?) ((?:\d+(?:, | and )?)+)/gu);
  const named = lanes.filter(({ id, name, kind }) => {
    const number = Number(name.slice(name.indexOf(" ") + 1));
    if (kind === "client") return clients.has(number) || clients.has(id);
    return clients.size > 0 || nodes.has(number);
  });
  return (named.length === 0 ? lanes : named).map(({ id }) => id);
}

/** The slots that a witness names: `slot 7`, `slots 7 and 9`. */
export function slotsNamed(witness: string): readonly number[] {
  return [...witness.matchAll(/\bslots? ((?:\d+(?:, | and |\u2026)?)+)/gu)].flatMap(([, list]) =>
    list!.match(/\d+/gu)!.map(Number),
  );
}
