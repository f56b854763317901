import type { ClientFrame, ServerFrame } from "@quorate/client";
import type { PeerMessage } from "@quorate/log";
import type { Entry, Speaker } from "@quorate/paxos";
import fc from "fast-check";

// The same cases in every run.
fc.configureGlobal({ seed: 20240229 });

function record<T>(model: { [K in keyof T]: fc.Arbitrary<T[K]> }): fc.Arbitrary<T> {
  return fc.record<T>(model, { noNullPrototype: true }) as fc.Arbitrary<T>;
}

const natural = fc.maxSafeNat();
const identity = fc.integer({ min: 0, max: 2 ** 48 - 1 });
const node = fc.integer({ min: 1, max: 1023 });
const content = fc.uint8Array({ maxLength: 40 });
const id = fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER });
const name = fc.string({ maxLength: 20, unit: "grapheme" });
const kind = fc.constantFrom("batch", "noop", "members");
const milliseconds = fc.double({ min: 0, max: 2 ** 40, noNaN: true }).map((value) => value + 0);

const entry = record({
  slot: natural,
  ballot: natural,
  origin: natural,
  anchored: fc.boolean(),
  kind,
  bytes: content,
});

/** Entries in consecutive slots. */
function entries(minLength: number): fc.Arbitrary<Entry[]> {
  return fc
    .tuple(fc.integer({ min: 1, max: 2 ** 40 }), fc.array(entry, { minLength, maxLength: 4 }))
    .map(([slot, list]) => list.map((item, index): Entry => ({ ...item, slot: slot + index }) as Entry));
}

function of<T extends PeerMessage["kind"]>(word: T): fc.Arbitrary<T> {
  return fc.constant(word);
}

/** One arbitrary for every kind of message between peers. */
export const peerMessages: Readonly<Record<PeerMessage["kind"], fc.Arbitrary<PeerMessage>>> = {
  canvass: record({ kind: of("canvass"), ballot: natural, chosenTo: natural }),
  "canvass-answer": record({
    kind: of("canvass-answer"),
    ballot: natural,
    granted: fc.boolean(),
    promised: natural,
    chosenTo: natural,
  }),
  prepare: record({ kind: of("prepare"), ballot: natural, slotFrom: natural, chosenTo: natural }),
  promise: record({
    kind: of("promise"),
    ballot: natural,
    slotFrom: natural,
    slotTo: natural,
    chosenTo: natural,
    votes: entries(0),
    faulty: fc.uniqueArray(natural, { maxLength: 4 }).map((slots) => slots.sort((a, b) => a - b)),
  }),
  reject: record({ kind: of("reject"), ballot: natural, promised: natural }),
  accept: fc
    .record({
      kind: of("accept"),
      ballot: natural,
      startSlot: natural,
      entries: entries(1),
      ackFrom: natural,
      ackTo: natural,
    })
    .map((accept) => ({
      ...accept,
      entries: accept.entries.map((item): Entry => ({ ...item, ballot: accept.ballot })),
    })),
  accepted: record({ kind: of("accepted"), ballot: natural, acceptedTo: natural, chosenTo: natural }),
  heartbeat: record({
    kind: of("heartbeat"),
    ballot: natural,
    round: natural,
    startSlot: natural,
    ackFrom: natural,
    ackTo: natural,
    chosenTo: natural,
  }),
  "heartbeat-answer": record({
    kind: of("heartbeat-answer"),
    ballot: natural,
    life: identity,
    round: natural,
    acceptedTo: natural,
    chosenTo: natural,
    grantedMs: milliseconds,
  }),
  fetch: record({ kind: of("fetch"), slotFrom: natural }),
  learn: fc
    .record({ kind: of("learn"), entries: entries(1), floors: fc.constant([]), chosenTo: natural })
    .map((learn) => ({
      ...learn,
      floors: learn.entries.filter((item) => item.kind === "members").map((item) => item.origin),
    })),
  "read-request": record({ kind: of("read-request"), token: natural }),
  "read-bound": record({
    kind: of("read-bound"),
    life: identity,
    token: natural,
    bound: fc.integer({ min: -1, max: 2 ** 52 }),
  }),
  resign: record({ kind: of("resign"), ballot: natural, successor: fc.integer({ min: 0, max: 1023 }) }),
  "snapshot-chunk": fc
    .record({
      kind: of("snapshot-chunk"),
      slot: natural,
      position: fc.nat(),
      bytesTotal: fc.nat(),
      checksum: fc.nat(),
      bytes: content,
    })
    .map((chunk) => ({ ...chunk, bytesTotal: chunk.position + chunk.bytes.length + chunk.bytesTotal })),
  "snapshot-wanted": record({ kind: of("snapshot-wanted"), slot: natural, position: natural }),
  digest: record({ kind: of("digest"), slot: natural, digest: fc.nat(), revision: natural }),
  forming: record({
    kind: of("forming"),
    cluster: name,
    state: fc.constantFrom("new", "agreed", "formed"),
    incarnation: identity,
    members: fc.array(record({ node, incarnation: identity }), { maxLength: 5 }),
  }),
  "old-copy": record({ kind: of("old-copy"), incarnation: identity, life: identity, unit: natural }),
};

/** Who speaks. */
export const speakers: fc.Arbitrary<Speaker> = record({
  node,
  incarnation: identity,
  life: identity,
  unit: natural,
  unitAtStart: natural,
});

/** One arbitrary for every kind of frame from a client. */
export const clientFrames: Readonly<Record<ClientFrame["kind"], fc.Arbitrary<ClientFrame>>> = {
  call: record({
    kind: fc.constant("call"),
    id,
    session: natural,
    number: id,
    releasedTo: natural,
    machine: name,
    command: content,
  }),
  read: record({
    kind: fc.constant("read"),
    id,
    level: fc.constantFrom("linearizable", "lease", "session", "stale"),
    minRevision: natural,
    machine: name,
    query: content,
  }),
  watch: record({
    kind: fc.constant("watch"),
    id,
    minRevision: natural,
    windowBytes: fc.integer({ min: 1, max: 2 ** 32 - 1 }),
    machine: name,
    request: content,
  }),
  snapshot: record({ kind: fc.constant("snapshot"), id, slot: natural, position: natural, minRevision: natural }),
  more: record({ kind: fc.constant("more"), id, bytes: fc.integer({ min: 1, max: 2 ** 32 - 1 }) }),
  cancel: record({ kind: fc.constant("cancel"), id }),
  status: record({ kind: fc.constant("status"), id }),
  ping: record({ kind: fc.constant("ping"), id }),
};

/** One arbitrary for every kind of frame to a client. */
export const serverFrames: Readonly<Record<ServerFrame["kind"], fc.Arbitrary<ServerFrame>>> = {
  reply: record({ kind: fc.constant("reply"), id, revision: natural, logTimeMs: milliseconds, bytes: content }),
  error: record({
    kind: fc.constant("error"),
    id,
    code: fc.constantFrom("NO_LEADER", "OVERLOADED", "SOMETHING_NEW"),
    outcome: fc.constantFrom("applied", "not-applied", "unknown"),
    settled: fc.boolean(),
    message: name,
    leader: fc.integer({ min: 0, max: 1023 }),
  }),
  event: record({ kind: fc.constant("event"), id, revision: natural, bytes: content }),
  snapshot: record({
    kind: fc.constant("snapshot"),
    id,
    slot: natural,
    position: natural,
    bytesTotal: natural,
    checksum: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
    bytes: content,
  }),
  "watch-ended": record({ kind: fc.constant("watch-ended"), id, why: name }),
  status: record({
    kind: fc.constant("status"),
    id,
    status: fc
      .uniqueArray(fc.tuple(fc.stringMatching(/^[a-z]{1,8}$/), fc.oneof(fc.nat(), name)), {
        maxLength: 5,
        selector: ([key]) => key,
      })
      .map((fields): Record<string, string | number> => Object.fromEntries(fields)),
  }),
  pong: record({ kind: fc.constant("pong"), id }),
};
