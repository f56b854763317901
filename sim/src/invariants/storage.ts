import { type Durable, type DurableRecord, type Entry, showBallot } from "@quorate/paxos";
import type { GhostNode } from "../ghost/ghost-node.ts";
import { showValue } from "../ghost/value.ts";
import { Checker } from "./checker.ts";

/** M1 to M4: what recovery reads is what was synced and a beginning of the rest, nothing is made up, and no disk that failed is written again. */
export class StorageChecker extends Checker {
  /** Nodes whose log had a failed sync in this life of the process. */
  readonly #failed = new Map<number, number>();
  /** Per node and slot: when its vote was last found unreadable, counted in events. */
  readonly #unreadable = new Map<number, Map<number, number>>();
  /** Nodes whose last write to the log was torn, until they begin again. */
  readonly #torn = new Set<number>();

  override began(node: GhostNode, durable: Durable): void {
    const isTorn = this.#torn.delete(node.id);
    if (!node.refused) this.#judge(node, durable, isTorn);
    if (durable.faulty.length === 0) return;
    const unreadable = this.#unreadable.get(node.id) ?? new Map<number, number>();
    this.#unreadable.set(node.id, unreadable);
    for (const slot of durable.faulty) unreadable.set(slot, this.ghost.at);
  }

  #judge(node: GhostNode, durable: Durable, isTorn: boolean): void {
    this.#readsAll(node, durable);
    if (durable.promisedLost) return;
    this.#keepsSynced(node, durable);
    this.#inventsNothing(node, durable);
    this.#isPrefix(node, durable, isTorn);
    this.#isOnePair(node, durable);
  }

  /** M2: a synced vote is there, or its slot is marked as unreadable; never as if nothing had been accepted. */
  #keepsSynced(node: GhostNode, durable: Durable): void {
    const recovered = new Map(durable.accepted.map((entry) => [entry.slot, entry]));
    for (const [slot, vote] of node.everHeld.votes) {
      if (slot <= durable.base || durable.faulty.includes(slot)) continue;
      const entry = recovered.get(slot);
      if (entry !== undefined && entry.ballot > vote.ballot) continue;
      const isSame = entry !== undefined && this.ghost.values.of(entry) === vote.value;
      if (isSame && (entry.ballot === vote.ballot || this.#isLearnedAnew(node, entry))) continue;
      const was = `${showValue(vote.value)} of ballot ${showBallot(vote.ballot)} was synced`;
      const is =
        entry === undefined
          ? "nothing"
          : `${showValue(this.ghost.values.of(entry))} of ballot ${showBallot(entry.ballot)}`;
      this.report("M2", `node ${node.id} recovers ${is} in slot ${slot}, and does not mark it as unreadable; ${was}`);
      return;
    }
  }

  /** A vote that could not be read was learned again of a teller who holds what was chosen in a lower ballot (rule 5). */
  #isLearnedAnew(node: GhostNode, { slot, ballot }: Entry): boolean {
    const foundAt = this.#unreadable.get(node.id)?.get(slot);
    return foundAt !== undefined && node.recorded(slot).some((each) => each.ballot === ballot && each.at > foundAt);
  }

  /** M1: of a disk that kept what it was given, nothing is taken for unreadable. */
  #readsAll(node: GhostNode, { faulty, promisedLost }: Durable): void {
    if (node.damaged) return;
    const slot = faulty.find((each) => !node.disk.isFaulty(each));
    const lost = slot !== undefined ? `slot ${slot}` : promisedLost && !node.disk.promisedLost ? "its promise" : "";
    if (lost === "") return;
    this.report("M1", `node ${node.id} takes ${lost} for unreadable, and its disk has lost nothing that was synced`);
  }

  /** M1: every vote that is read was written by this node. */
  #inventsNothing(node: GhostNode, durable: Durable): void {
    for (const entry of durable.accepted) {
      const value = this.ghost.values.of(entry);
      const held = node.everHeld.votes.get(entry.slot);
      if (held !== undefined && (held.value === value || held.ballot > entry.ballot)) continue;
      const written = node.recorded(entry.slot).some((vote) => vote.ballot === entry.ballot && vote.value === value);
      if (written) continue;
      const what = `${showValue(value)} of ballot ${showBallot(entry.ballot)} in slot ${entry.slot}`;
      this.report("M1", `node ${node.id} recovers ${what}, which it never wrote`);
      return;
    }
  }

  /** M1: of what was not synced, a beginning, in the order in which it was written. */
  #isPrefix(node: GhostNode, durable: Durable, isTorn: boolean): void {
    let missing: DurableRecord | null = null;
    for (const record of node.unsynced) {
      const isThere = holds(durable, record);
      if (isThere === null) continue;
      if (!isThere) missing ??= record;
      else if (missing !== null) {
        this.report(
          "M1",
          `node ${node.id} recovers ${show(record)}, but not ${show(missing)}, which it wrote before, both unsynced`,
        );
        return;
      }
    }
    if (missing === null) return;
    this.coverage.hit("unsynced end of a log cut");
    if (isTorn) this.coverage.hit("torn end of a log cut");
  }

  /** M4: the snapshot and the log above it fit, and both are the newest there are. */
  #isOnePair(node: GhostNode, durable: Durable): void {
    const { snapshotTo, trimmedTo } = node.disk;
    if (durable.base !== snapshotTo || durable.base < trimmedTo) {
      const disk = `its disk has a whole snapshot to slot ${snapshotTo}, and has let the log go to ${trimmedTo}`;
      this.report("M4", `node ${node.id} starts from a snapshot to slot ${durable.base}; ${disk}`);
    }
    if (durable.base > this.ghost.log.chosenTo) {
      const chosen = `chosen is what stands to ${this.ghost.log.chosenTo}`;
      this.report("M4", `node ${node.id} starts from a snapshot to slot ${durable.base}; ${chosen}`);
    }
  }

  override logTorn(id: number): void {
    this.#torn.add(id);
  }

  override syncFailed(id: number, path: string): void {
    if (path.startsWith("wal/")) this.#failed.set(id, this.ghost.nowMs);
  }

  override processStarted(id: number): void {
    this.#failed.delete(id);
  }

  /** M3. */
  override writeIssued(id: number, path: string, position: number): void {
    if (this.#failed.size === 0 || !path.startsWith("wal/")) return;
    const failedMs = this.#failed.get(id);
    if (failedMs === undefined) return;
    this.report(
      "M3",
      `node ${id} writes ${path} at ${position}, after a sync of its log failed at ${failedMs.toFixed(3)} ms`,
    );
  }
}

/** Whether what was recovered has a record, or one that stands for it; `null`: that cannot be told. */
function holds(durable: Durable, record: DurableRecord): boolean | null {
  switch (record.kind) {
    case "promised":
      return durable.promised >= record.ballot;
    case "accepted": {
      const { slot, ballot } = record.entry;
      if (slot <= durable.base || durable.faulty.includes(slot)) return null;
      return durable.accepted.some((entry) => entry.slot === slot && entry.ballot >= ballot);
    }
    default:
      return null;
  }
}

function show(record: DurableRecord): string {
  if (record.kind === "promised") return `that it promised ${showBallot(record.ballot)}`;
  if (record.kind !== "accepted") return record.kind;
  return `its vote of ballot ${showBallot(record.entry.ballot)} in slot ${record.entry.slot}`;
}
