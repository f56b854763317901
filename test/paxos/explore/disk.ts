import type { Durable, DurableRecord } from "@quorate/paxos";
import { keep } from "../cluster.ts";

/** Records handed out together, not durable yet. */
export interface Unsynced {
  readonly seq: number;
  readonly records: readonly DurableRecord[];
  /** The entries among them were told as chosen (`learn`): they are no votes. */
  readonly learned: boolean;
}

/** The disk after one more group of records. */
export function synced(durable: Durable, { records }: Unsynced): Durable {
  return records.reduce(keep, durable);
}
