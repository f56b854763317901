/** What must hold, by the id that reports use. */
export const INVARIANTS = {
  B1: "A ballot is opened by one node only.",
  B2: "All accepts of one slot in one ballot carry one value.",
  D2: "Every replica applies the same batches in the same order.",
  D4: "What a replica knows to be chosen never goes back within one life, and it applies nothing beyond.",
  D5: "After the same batches every replica has the same revision, log time and digest of results.",
  E1: "A restored snapshot is the state that the replicas had at its place in the log.",
  F1: "A request takes effect at most once.",
  F2: "All replies to one request are equal, byte for byte.",
  I1: "No two clients believe at one instant that they hold one exclusive lock.",
  I2: "Fencing tokens rise with every grant that somebody believes in.",
  J1: "What clients saw is linearizable, by the revisions they were told.",
  J2: "An acknowledged write is in the log, under the revision that its caller was told.",
  J3: "What was reported as not applied is never applied.",
  J5: "Reads of level session never go back, for one client.",
  K1: "Once healed, the cluster has a leader, answers all calls, and its replicas agree.",
  U1: "What the user of the simulator says must hold, holds.",
  X1: "No step throws.",
  X2: "No node stops serving unless a fault of its disk explains it.",
  X3: "No command makes a machine throw.",
} as const;

/** One of {@link INVARIANTS}. */
export type InvariantId = keyof typeof INVARIANTS;

/** The invariants of the catalogue of testing that nothing checks yet. */
export const INVARIANTS_NOT_BUILT: readonly string[] = [
  "A1",
  "A2",
  "A3",
  "A4",
  "A5",
  "B3",
  "B4",
  "C1",
  "C2",
  "C3",
  "C4",
  "D1",
  "E2",
  "E3",
  "E4",
  "F3",
  "G1",
  "G2",
  "G3",
  "G4",
  "G5",
  "G6",
  "H1",
  "H2",
  "H3",
  "I4",
  "I5",
  "J4",
  "K2",
  "K3",
  "M1",
  "M2",
  "M3",
  "M4",
  "O1",
  "O2",
];

/** The first thing in a run that must not be. */
export interface Violation {
  readonly invariant: InvariantId;
  /** In words, with names and numbers. */
  readonly witness: string;
  /** True time. */
  readonly atMs: number;
}
