/** What must hold, by the id that reports use: the letters are those of the catalogue of testing. */
export const INVARIANTS = {
  A1: "The promised ballot on a disk never goes back within one life of the disk, restarts included.",
  A2: "What a message says of its sender's disk (a promise, a vote, a grant, what is chosen) is on that disk when it leaves.",
  A3: "A node votes and answers in no ballot below the one it has promised, and voting promises.",
  A4: "One node never votes for two values in one slot and ballot.",
  A5: "A promise tells of the highest vote in every slot that it speaks for, and speaks for none that is not known below.",
  B1: "A ballot is used by one process of one node only.",
  B2: "All accepts of one slot in one ballot carry one value.",
  B3: "What is proposed is what the highest vote of some promised quorum was for, and the chosen value where one is chosen.",
  B4: "A quorum of those who may vote has promised to whoever leads, and holds what a leader says is chosen.",
  C1: "One value is chosen in a slot: no two quorums hold different ones.",
  C2: "What a node takes for chosen is chosen.",
  C3: "What is chosen stays on a disk of every quorum that a later leader may ask.",
  C4: "What is chosen was asked for: by a client, or by the log itself.",
  D1: "Slots are applied one after the other, each once, or in one leap to a snapshot.",
  D2: "What is applied in a slot is what is chosen there.",
  D3: "After the same slot the whole state is equal on every replica, byte for byte.",
  D4: "What a replica knows to be chosen never goes back within one life.",
  D5: "After the same slot every replica has the same revision, log time and digest of results.",
  D6: "What a command of the store answers and leaves is what a plain map would.",
  E1: "A restored snapshot is the state that the replicas had at its place in the log.",
  E2: "A log is let go only below a whole and durable snapshot.",
  E3: "After a snapshot was installed, the log goes on with the slot right above it.",
  E4: "Installing a snapshot or cutting the log lowers no promise and loses no vote above the cut.",
  F1: "A request takes effect at most once.",
  F2: "All replies to one request are equal, byte for byte.",
  F3: "Sessions end as the log says, and nothing takes effect for one that is over.",
  G1: "Every replica takes a set of members from the same slot of the log.",
  G2: "Nobody votes above a change of members before it is chosen under the set before.",
  G3: "One change of members is open at a time, proposed by a leader of whose proposals in its ballot one is chosen.",
  G4: "Only voters of the set that governs a slot count for it.",
  G5: "A disk that was wiped never votes under its old name.",
  G6: "Nobody promises or votes above a change of members in a ballot below its floor.",
  H1: "At most one node believes to hold the lease, each by its own clock within the bound on drift.",
  H2: "A read shows every write that was acknowledged before it began.",
  H3: "A leader answers no read before something that it proposed in its ballot is chosen.",
  H4: "A grant binds who made it, restarts included: until it ends or is given back, nothing of a higher ballot is promised, led or followed.",
  H5: "A lease ends before the grants of a quorum do that it rests on, by true time within the bound on drift.",
  H6: "A read that rests on no lease is confirmed by a quorum, to a round that began after the read came.",
  H7: "A read is answered from a state that covers its bound, and under a lease only while that lasts.",
  I1: "A lock has no more holders than it may, and only such as go together, in the log, and in the belief of clients.",
  I2: "Fencing tokens rise with every grant that excludes an earlier one.",
  I3: "A lock is granted to living sessions only.",
  I4: "Locks are granted in the order in which they were asked for.",
  I5: "Nobody waits who could have all that it waits for.",
  J1: "What clients saw is linearizable: by the revisions they were told, and, where it is searched, by the values alone.",
  J2: "An acknowledged write is in the log, under the revision that its caller was told.",
  J3: "What was reported as not applied is never applied.",
  J4: "A watch tells every change once, in order, each revision whole, through all reconnects.",
  J5: "Reads of level session never go back, for one client.",
  J6: "A read, of one key, a range or the past, shows the keys as they stood at the revision that it tells.",
  K1: "Once healed, the cluster has a leader, answers all calls, and its replicas agree.",
  K2: "Once healed, few ballots are used up until a leader stands.",
  K3: "Once healed, messages, queues and logs stay within what the work asks for.",
  M1: "Recovery reads what was synced, a beginning of what was written after it, and nothing else.",
  M2: "A synced record that cannot be read is marked as unreadable, never taken for one that was not there.",
  M3: "A log of which a sync failed is not written again by the same process.",
  M4: "There is one pair of snapshot and log to start from, and it is the newest.",
  O1: "What counts in the log stands on the past that its proposer knew; what is void changes nothing.",
  O2: "Log time never runs faster than time, beyond the bound on drift.",
  U1: "What the user of the simulator says must hold, holds.",
  X1: "No step throws.",
  X2: "No node stops serving unless a fault of its disk explains it.",
  X3: "No command makes a machine throw.",
} as const;

/** One of {@link INVARIANTS}. */
export type InvariantId = keyof typeof INVARIANTS;

/** The first thing in a run that must not be. */
export interface Violation {
  readonly invariant: InvariantId;
  /** In words, with names and numbers. */
  readonly witness: string;
  /** True time. */
  readonly atMs: number;
}
