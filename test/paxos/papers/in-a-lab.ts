import type { Message } from "@quorate/paxos";
import type { Flying, Lab, LabNode } from "../lab.ts";

/** The messages of one kind, of one link if that is given. */
export function kind(name: Message["kind"], from?: number, to?: number): (flying: Flying) => boolean {
  return (flying) =>
    flying.message.kind === name &&
    (from === undefined || flying.from.node === from) &&
    (to === undefined || flying.to === to);
}

/** Time passes, and all messages arrive. */
export function run(lab: Lab, ms: number): void {
  for (let waited = 0; waited < ms; waited += 10) {
    lab.pass(10);
    lab.settle();
  }
}

export function campaign(lab: Lab, id: number): LabNode {
  const node = lab.node(id);
  lab.turn(node, () => node.engine.campaignNow());
  return node;
}

/** Node `id` campaigns, and everybody whom it reaches comes to know what that led to. */
export function elect(lab: Lab, id: number): LabNode {
  const node = campaign(lab, id);
  lab.settle();
  run(lab, 60);
  return node;
}

/** Nothing passes between these nodes and the others. */
export function apart(lab: Lab, ...ids: readonly number[]): void {
  for (const one of lab.nodes)
    for (const other of lab.nodes)
      if (ids.includes(one.id) !== ids.includes(other.id)) lab.cuts.add(`${one.id} ${other.id}`);
}

/** The batches that `node` knows chosen, in order. */
export function batches(node: LabNode): string[] {
  const entries = [...node.log.values()].sort((one, other) => one.slot - other.slot);
  return entries.filter((entry) => entry.kind === "batch").map((entry) => new TextDecoder().decode(entry.bytes));
}
