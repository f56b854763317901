import type { QuorateError } from "@quorate/machine";
import { notFormed, oldCopy, wiped } from "../errors.ts";
import type { FormedMember, Forming } from "../transport/transport.ts";
import type { Identity } from "./identity.ts";

/** What a node was started with. */
export interface FormingConfig {
  /** The nodes that form the cluster. */
  readonly initialNodes: readonly number[];
  /** An empty folder joins a formed cluster instead of forming one. */
  readonly join: boolean;
}

/** Where to go from here: a next identity to make durable, an end in refusal, or neither: hear more. */
export interface FormingStep {
  readonly next: Identity | null;
  readonly refused: QuorateError | null;
}

const STAY: FormingStep = { next: null, refused: null };

function sameSet(left: readonly FormedMember[], right: readonly FormedMember[]): boolean {
  return (
    left.length === right.length &&
    left.every(
      (member, index) => member.node === right[index]!.node && member.incarnation === right[index]!.incarnation,
    )
  );
}

/**
 * Forming a cluster: agreement, once, on the set of (node, incarnation) that the log begins with. No clock, disk or socket.
 *
 * It is a unanimous commit. A folder says `new` first; who has heard every initial node makes the set of what it heard
 * durable (`agreed`), and never agrees to another one; who has heard that every member agreed to exactly its set is `formed`, and only
 * then votes. Two formed sets that share an incarnation are equal, since that incarnation agreed once. So a folder that is
 * wiped while the cluster forms cannot split it: its new incarnation is in no set that others form, and is told so.
 *
 * Without `agreed`: node 1 hears incarnation 2a and forms with it; 2a is wiped and comes back as 2b; node 3, which heard the "not formed"
 * that node 1 sent before, forms with 2b; one cluster has two first sets.
 *
 * Messages may be lost, repeated and late: each is a durable fact of an incarnation. Crashes lose nothing that was said.
 */
export class FormingState {
  readonly #config: FormingConfig;
  readonly #heard = new Map<number, Forming>();
  #identity: Identity;

  constructor(identity: Identity, config: FormingConfig) {
    this.#identity = identity;
    this.#config = config;
  }

  get identity(): Identity {
    return this.#identity;
  }

  /** Whether the node belongs to a cluster, and may open groups. */
  get settled(): boolean {
    return this.#identity.state === "formed" || this.#identity.state === "joined";
  }

  /** What this node says; only ever what its disk holds. */
  message(): Forming {
    const { cluster, state, incarnation, members } = this.#identity;
    const told = state === "joined" || state === "old-copy" ? "formed" : state;
    return { kind: "forming", cluster, state: told, incarnation, members };
  }

  /** A message of another cluster must not come here. */
  receive(from: number, message: Forming): void {
    if (from !== this.#identity.node) this.#heard.set(from, message);
  }

  /** `identity`, as {@link step} asked for it, is durable. */
  durable(identity: Identity): void {
    this.#identity = identity;
  }

  /** The nodes whose word is missing. */
  missing(): readonly number[] {
    if (this.settled) return [];
    return this.#others().filter((node) => {
      const heard = this.#heard.get(node);
      return heard === undefined || (this.#identity.state === "agreed" && !this.#agrees(node, heard));
    });
  }

  step(): FormingStep {
    switch (this.#identity.state) {
      case "formed":
      case "joined":
        return STAY;
      case "agreed":
        return this.#whileAgreed();
      case "old-copy":
        return {
          next: null,
          refused: oldCopy(this.#identity.node, "its file `identity` says so since a peer told it"),
        };
      case "new":
        return this.#config.join ? this.#whileJoining() : this.#whileNew();
    }
  }

  #others(): readonly number[] {
    const { state, node, members } = this.#identity;
    const nodes = state === "agreed" ? members.map((member) => member.node) : this.#config.initialNodes;
    return nodes.filter((other) => other !== node);
  }

  #formedPeer(): Forming | null {
    for (const heard of this.#heard.values()) if (heard.state === "formed") return heard;
    return null;
  }

  #whileNew(): FormingStep {
    const { cluster, node, incarnation } = this.#identity;
    const formed = this.#formedPeer();
    if (formed !== null) return { next: null, refused: this.#tooLate(formed) };
    if (!this.#config.initialNodes.includes(node)) {
      return {
        next: null,
        refused: notFormed(node, "it is none of the initial nodes, and was not told to join; start it with join"),
      };
    }
    const members: FormedMember[] = [{ node, incarnation }];
    for (const other of this.#others()) {
      const heard = this.#heard.get(other);
      if (heard === undefined) return STAY;
      members.push({ node: other, incarnation: heard.incarnation });
    }
    members.sort((left, right) => left.node - right.node);
    return { next: { cluster, node, incarnation, state: "agreed", members }, refused: null };
  }

  /** The cluster is formed, and this folder has agreed to nothing: whatever it was, it is not the disk that agreed. */
  #tooLate(formed: Forming): QuorateError {
    const { node, incarnation } = this.#identity;
    const own = formed.members.find((member) => member.node === node);
    if (own === undefined) {
      return notFormed(
        node,
        "the cluster was formed without it; start it with join, so that it comes in as a non-voter",
      );
    }
    return own.incarnation === incarnation
      ? wiped(node, "the cluster was formed with this folder, which does not know of it: it is an old copy")
      : wiped(node, `the cluster was formed with incarnation ${own.incarnation} of its disk, and this one is empty`);
  }

  #whileAgreed(): FormingStep {
    const { cluster, node, incarnation, members } = this.#identity;
    const formed = this.#formedPeer();
    if (formed !== null && !sameSet(formed.members, members)) return { next: null, refused: this.#tooLate(formed) };
    const everyone =
      formed !== null ||
      this.#others().every((other) => {
        const heard = this.#heard.get(other);
        return heard !== undefined && this.#agrees(other, heard);
      });
    return everyone ? { next: { cluster, node, incarnation, state: "formed", members }, refused: null } : STAY;
  }

  #agrees(node: number, heard: Forming): boolean {
    const { members } = this.#identity;
    const member = members.find((each) => each.node === node);
    return heard.state !== "new" && heard.incarnation === member?.incarnation && sameSet(heard.members, members);
  }

  #whileJoining(): FormingStep {
    const formed = this.#formedPeer();
    if (formed === null) return STAY;
    const { cluster, node, incarnation } = this.#identity;
    return { next: { cluster, node, incarnation, state: "joined", members: formed.members }, refused: null };
  }
}
