import type { FramePart, SnapshotHead, StoredRecord } from "@quorate/log";
import type { Composite } from "@quorate/machine";
import { type Durable, type Entry, type Output, type PromiseMessage, showBallot } from "@quorate/paxos";
import type { GhostNode } from "../ghost/ghost-node.ts";
import { Checker } from "./checker.ts";

/** E2 to E4: a log is cut only below a durable snapshot, goes on right above an installed one, and loses nothing else by it. E1 stands with D5. */
export class SnapshotChecker extends Checker {
  /** What a node had promised when it installed a snapshot, until its next output. */
  readonly #installed = new Map<number, { readonly slot: number; readonly promised: number }>();
  readonly #next = new Map<number, number>();
  /** Where the log of a node was cut when it began last. */
  readonly #trimmedTo = new Map<GhostNode, number>();

  /** E2: the record that lets the log go is written only when a snapshot covers it. */
  override held(node: GhostNode, record: StoredRecord): void {
    if (record.kind !== "trim" || record.base <= node.disk.snapshotTo || node.damaged) return;
    const covered = `its whole durable snapshots cover slot ${node.disk.snapshotTo}`;
    this.report("E2", `node ${node.id} lets its log go to slot ${record.base}; ${covered}`);
  }

  override snapshotsRead(node: GhostNode): void {
    if (node.disk.snapshotTo >= node.disk.trimmedTo || node.damaged) return;
    const covered = `its whole durable snapshots cover slot ${node.disk.snapshotTo}`;
    this.report("E2", `node ${node.id} has let its log go to slot ${node.disk.trimmedTo}; ${covered}`);
  }

  /** Part of a snapshot comes to a replica that has applied all that is in it. */
  override frameDelivered(_frame: number, _from: number, to: number, parts: readonly FramePart[]): void {
    for (const { message } of parts) {
      if (message.kind !== "snapshot-chunk" || message.bytes.length === 0) continue;
      const { appliedTo, disk } = this.ghost.node(to);
      const isOvertaken = message.slot <= appliedTo && message.slot > disk.snapshotTo;
      if (isOvertaken) this.coverage.hit("snapshot overtaken by the log on its way");
    }
  }

  override replicaBegan(id: number): void {
    this.#installed.delete(id);
    this.#next.delete(id);
  }

  override snapshotInstalled(id: number, head: SnapshotHead, composite: Composite): void {
    const node = this.ghost.node(id);
    this.#installed.set(id, { slot: head.slot, promised: node.promised });
    this.#next.set(id, head.slot + 1);
    if (node.topSlot > head.slot && node.recorded(node.topSlot).length > 0) {
      this.coverage.hit("snapshot installed below votes");
    }
    if (composite.revision !== head.revision || composite.digest !== head.digest) {
      const said = `revision ${head.revision} and digest ${head.digest}`;
      const has = `the state has revision ${composite.revision} and digest ${composite.digest}`;
      this.report("E3", `node ${id} installs a snapshot of slot ${head.slot} whose head says ${said}; ${has}`);
    }
    if (head.slot > node.disk.snapshotTo) {
      this.report(
        "E2",
        `node ${id} installs a snapshot of slot ${head.slot} that is not durable: that reaches to ${node.disk.snapshotTo}`,
      );
    }
  }

  /** E4: the votes above an installed snapshot are still told. */
  override promiseProbed(
    id: number,
    slot: number,
    { slotFrom, slotTo, chosenTo, votes, faulty }: PromiseMessage,
  ): void {
    const node = this.ghost.node(id);
    for (let above = Math.max(slotFrom, chosenTo + 1); above <= Math.min(slotTo, node.topSlot); above++) {
      const vote = node.recorded(above).at(-1);
      if (vote === undefined || faulty.includes(above)) continue;
      if (votes.some((told) => told.slot === above && told.ballot >= vote.ballot)) continue;
      const lost = `its vote of ballot ${showBallot(vote.ballot)} in slot ${above}`;
      return this.report("E4", `node ${id} installed a snapshot of slot ${slot}, and would not tell of ${lost}`);
    }
  }

  /** E3. */
  override applied(id: number, entry: Entry): void {
    const next = this.#next.get(id);
    if (next === undefined) return;
    this.#next.delete(id);
    if (entry.slot !== next) {
      this.report(
        "E3",
        `node ${id} goes on with slot ${entry.slot} after a snapshot of slot ${next - 1} was installed`,
      );
    }
  }

  /** E3 and E4: right after an install. */
  override outputOf(node: GhostNode, output: Output): void {
    const installed = this.#installed.get(node.id);
    if (installed === undefined) return;
    this.#installed.delete(node.id);
    if (output.chosenTo < installed.slot) {
      this.report(
        "E3",
        `node ${node.id} installed a snapshot of slot ${installed.slot} and knows ${output.chosenTo} to be chosen`,
      );
    }
    if (output.promised < installed.promised) {
      const ballots = `${showBallot(installed.promised)} before it installed a snapshot, and ${showBallot(output.promised)} after`;
      this.report("E4", `node ${node.id} had promised ${ballots}`);
    }
  }

  /** E4: what a log that was cut has lost above the cut. M2 if nothing was cut since. */
  override began(node: GhostNode, durable: Durable): void {
    const { trimmedTo, votes } = node.everHeld;
    const before = this.#trimmedTo.get(node) ?? 0;
    this.#trimmedTo.set(node, trimmedTo);
    if (trimmedTo === before || durable.promisedLost) return;
    const recovered = new Map(durable.accepted.map((entry) => [entry.slot, entry.ballot]));
    for (const [slot, vote] of votes) {
      if (slot <= durable.base || durable.faulty.includes(slot)) continue;
      if ((recovered.get(slot) ?? 0) >= vote.ballot) continue;
      const lost = `its vote of ballot ${showBallot(vote.ballot)} in slot ${slot}`;
      this.report("E4", `node ${node.id} let its log go to slot ${trimmedTo}, and with it ${lost}, above it`);
      return;
    }
  }
}
