import type { Durable, DurableRecord, Entry } from "@quorate/paxos";
import { keep } from "../cluster.ts";

/** Records handed out together, not durable yet. */
export interface Unsynced {
  readonly seq: number;
  readonly records: readonly DurableRecord[];
  /** The entries among them that were told as chosen (`learn`): they are no votes. */
  readonly learned: ReadonlySet<Entry>;
}

/** The disk after one more group of records. */
export function synced(durable: Durable, { records }: Unsynced): Durable {
  return records.reduce(keep, durable);
}
