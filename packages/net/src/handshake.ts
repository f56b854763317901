import { BadFrame, type ClientHello, type PeerHello } from "./codec/index.ts";

/** Why a connection was closed, as its close code. They never change their meaning. */
export const CloseCode = {
  /** The process stops (RFC 6455). */
  goingAway: 1001,
  /** A message was too long (RFC 6455). */
  tooLarge: 1009,
  /** A frame broke the protocol. */
  badFrame: 4000,
  /** Another version of the protocol. */
  wrongVersion: 4001,
  /** The other side belongs to, or expects, another cluster. */
  wrongCluster: 4002,
  /** Not the node that was dialled, or not one of this cluster's. */
  wrongNode: 4003,
  /** The credential was not accepted. */
  denied: 4004,
  /** Too many connections. */
  overloaded: 4005,
  /** Took too little of what was sent to it. */
  slow: 4006,
  /** Said nothing for too long. */
  silent: 4007,
  /** The same node came again; the newer link holds. */
  replaced: 4008,
} as const;

/** A refused connection: close code, reason, and the name under which it is counted. */
export interface HandshakeRefusal {
  readonly code: number;
  readonly reason: string;
  readonly counter: string;
}

/** What one side of a handshake is. */
export interface Self {
  readonly cluster: string;
  readonly node: number;
  readonly credential: string;
}

/** `null`: welcome. `expected`: the node that was dialled; 0 for one that came by itself, which must be `known` as one that dials. */
export function refusePeer(
  self: Self,
  hello: PeerHello,
  expected: number,
  known: (node: number) => boolean,
): HandshakeRefusal | null {
  if (hello.cluster !== self.cluster) return wrongCluster(self.cluster, hello.cluster);
  if (!sameSecret(self.credential, hello.credential)) return DENIED;
  if (expected !== 0 && hello.node !== expected) {
    const reason = `dialled node ${expected}, node ${hello.node} answered: compare the addresses of the nodes`;
    return { code: CloseCode.wrongNode, reason, counter: "refused-wrong-node" };
  }
  if (hello.node === self.node || !known(hello.node)) {
    const reason =
      hello.node === self.node
        ? `node ${self.node} is this one`
        : hello.node > self.node
          ? `node ${hello.node} waits for node ${self.node} to dial: the lower id does`
          : `node ${hello.node} is not known here`;
    return { code: CloseCode.wrongNode, reason, counter: "refused-wrong-node" };
  }
  return null;
}

/** `null`: welcome. */
export function refuseClient(self: Self, hello: ClientHello): HandshakeRefusal | null {
  if (hello.cluster !== "" && hello.cluster !== self.cluster) return wrongCluster(self.cluster, hello.cluster);
  return sameSecret(self.credential, hello.credential) ? null : DENIED;
}

/** What to do about bytes that could not be decoded. */
export function refuseFrame(error: unknown): HandshakeRefusal {
  if (!(error instanceof BadFrame)) throw error;
  return error.kind === "version"
    ? { code: CloseCode.wrongVersion, reason: error.message, counter: "refused-wrong-version" }
    : { code: CloseCode.badFrame, reason: error.message, counter: "bad-frames" };
}

const DENIED: HandshakeRefusal = {
  code: CloseCode.denied,
  reason: "the credential is not the one that is asked for here",
  counter: "refused-denied",
};

function wrongCluster(own: string, other: string): HandshakeRefusal {
  const reason = `this is cluster "${own}", not "${other}"`;
  return { code: CloseCode.wrongCluster, reason, counter: "refused-wrong-cluster" };
}

/** Takes the same time wherever the two differ, so that a secret cannot be guessed letter by letter. */
function sameSecret(own: string, given: string): boolean {
  let difference = own.length ^ given.length;
  for (let index = 0; index < own.length; index++) difference |= own.charCodeAt(index) ^ given.charCodeAt(index);
  return difference === 0;
}
