import type { Ballot } from "./ballot.ts";
import type { Leadership } from "./leadership.ts";

/** The engine, as the roles within it see it: what changes more than one of them is done there. */
export interface Owner {
  /** The ballot of this node's own, if it campaigns or leads. */
  readonly leadership: Leadership | null;
  campaign(ballot: Ballot): void;
  resign(why: string, successor: number): void;
  /** The promised ballot was raised. */
  raised(): void;
  /** Another set of members is in force; `own`: a leader's own ballot counted it chosen. */
  setChanged(own: boolean): void;
  /** More is known chosen, told by another node. */
  learned(): void;
}
