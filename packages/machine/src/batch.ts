import type { RequestId } from "./errors.ts";

/** One request on its way into the log. */
export interface BatchCommand {
  readonly request: RequestId;
  /** The owner has the results of all its requests up to this number: they may be forgotten (rule 23). */
  readonly releasedTo: number;
  /** Name of the machine; `SESSION_MACHINE` for the commands of sessions. */
  readonly machine: string;
  readonly command: Uint8Array;
}
