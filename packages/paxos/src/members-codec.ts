import { NODE_MAX } from "./ballot.ts";
import type { Member, Members, QuorumRule } from "./members.ts";
import { VOTERS_MAX } from "./quorum/quorum.ts";

const VERSION = 1;
const KINDS: readonly QuorumRule["kind"][] = ["majority", "flexible", "zones"];
const HEAD_BYTES = 1 + 1 + 2 + 2 + 8 + 2 + 2;
const MEMBER_BYTES = 2 + 8 + 4;
const NON_VOTERS_MAX = 1_000;
const INCARNATION_MAX = 2 ** 48 - 1;

/**
 * The bytes of a membership entry: version, quorum kind, prepare, accept, leaseMs, counts, then node, incarnation and
 * zone of each voter and non-voter; numbers big-endian. Equal sets give equal bytes.
 */
export function encodeMembers(members: Members): Uint8Array {
  const all = [...members.voters, ...members.nonVoters];
  const bytes = new Uint8Array(HEAD_BYTES + all.length * MEMBER_BYTES);
  const view = new DataView(bytes.buffer);
  view.setUint8(0, VERSION);
  view.setUint8(1, KINDS.indexOf(members.quorum.kind));
  view.setUint16(2, members.quorum.prepare);
  view.setUint16(4, members.quorum.accept);
  view.setFloat64(6, members.leaseMs);
  view.setUint16(14, members.voters.length);
  view.setUint16(16, members.nonVoters.length);
  all.forEach((member, index) => {
    const at = HEAD_BYTES + index * MEMBER_BYTES;
    view.setUint16(at, member.node);
    view.setFloat64(at + 2, member.incarnation);
    view.setUint32(at + 10, member.zone);
  });
  return bytes;
}

/** The set in the bytes of a membership entry; `null` if no `encodeMembers` made them. */
export function decodeMembers(bytes: Uint8Array): Members | null {
  if (bytes.length < HEAD_BYTES || bytes[0] !== VERSION) return null;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const kind = KINDS[view.getUint8(1)];
  const voterCount = view.getUint16(14);
  const count = voterCount + view.getUint16(16);
  if (kind === undefined || bytes.length !== HEAD_BYTES + count * MEMBER_BYTES) return null;
  const all: Member[] = [];
  for (let index = 0; index < count; index++) {
    const at = HEAD_BYTES + index * MEMBER_BYTES;
    all.push({ node: view.getUint16(at), incarnation: view.getFloat64(at + 2), zone: view.getUint32(at + 10) });
  }
  const members: Members = {
    voters: all.slice(0, voterCount),
    nonVoters: all.slice(voterCount),
    quorum: { kind, prepare: view.getUint16(2), accept: view.getUint16(4) },
    leaseMs: view.getFloat64(6),
  };
  return checkMembers(members) === null ? members : null;
}

/** Why a set of members cannot work, in words; `null` if it can. */
export function checkMembers(members: Members): string | null {
  const { voters, nonVoters, quorum } = members;
  if (voters.length < 1) return "a group needs at least one voter";
  if (voters.length > VOTERS_MAX) return `at most ${VOTERS_MAX} voters, not ${voters.length}`;
  if (nonVoters.length > NON_VOTERS_MAX) return `at most ${NON_VOTERS_MAX} non-voters, not ${nonVoters.length}`;
  const seen = new Set<number>();
  for (const list of [voters, nonVoters]) {
    let last = 0;
    for (const { node, incarnation, zone } of list) {
      if (!Number.isInteger(node) || node < 1 || node > NODE_MAX) return `node ${node} is not in 1 … ${NODE_MAX}`;
      if (seen.has(node)) return `node ${node} stands in the set twice`;
      if (node < last) return `nodes must ascend: ${node} follows ${last}`;
      if (!Number.isInteger(incarnation) || incarnation < 0 || incarnation > INCARNATION_MAX) {
        return `incarnation ${incarnation} of node ${node} is not in 0 … 2^48 - 1`;
      }
      if (!Number.isInteger(zone) || zone < 0 || zone > 0xffff_ffff)
        return `zone ${zone} of node ${node} is not in 0 … 2^32 - 1`;
      seen.add(node);
      last = node;
    }
  }
  if (!(members.leaseMs >= 0 && members.leaseMs <= 3_600_000))
    return `leaseMs ${members.leaseMs} is not in 0 … 3,600,000`;
  const { prepare, accept } = quorum;
  if (quorum.kind !== "flexible") {
    return prepare === 0 && accept === 0 ? null : `quorum sizes belong to flexible quorums, not to ${quorum.kind}`;
  }
  for (const size of [prepare, accept]) {
    if (!Number.isInteger(size) || size < 1 || size > voters.length)
      return `a quorum of ${size} of ${voters.length} voters`;
  }
  return prepare + accept > voters.length
    ? null
    : `a prepare quorum of ${prepare} and an accept quorum of ${accept} of ${voters.length} voters need not meet`;
}

/** Whether two sets are the same in every respect. */
export function sameMembers(one: Members, other: Members): boolean {
  const left = encodeMembers(one);
  const right = encodeMembers(other);
  return left.length === right.length && left.every((byte, index) => byte === right[index]);
}
