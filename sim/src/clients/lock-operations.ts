import { compare, KvError, kv, operation } from "@quorate/kv";
import type { AcquireOptions, HeldLock, LockClient, Want } from "@quorate/lock";
import type { SimulatedClient } from "../world/simulated-client.ts";

/** How locks can be used. */
export const LOCK_OPERATIONS = [
  "exclusive",
  "shared",
  "permits",
  "several",
  "try",
  "give-up",
  "force",
  "fenced",
] as const;

/** One of {@link LOCK_OPERATIONS}. */
export type LockOperation = (typeof LOCK_OPERATIONS)[number];

const LOCKS = 2;
/** The one semaphore, and how many permits it has. */
const SEMAPHORE = "permits-0";
const PERMITS = 3;
/** Longest wait for a lock, on the client's clock; and of one that gives up. */
const WAIT_MS = 6000;
const PATIENCE_MS = 600;

/** One use of a lock. */
export interface LockTurn {
  readonly client: SimulatedClient;
  readonly locks: LockClient;
  readonly kind: LockOperation;
  /** Decides something; another number for another thing. */
  readonly bits: (what: number) => number;
}

/** What is to be acquired. */
export function wantsOf({ kind, bits }: LockTurn): readonly Want[] {
  const lock = `lock-${bits(12) % LOCKS}`;
  const exclusive = (name: string): Want => ({ lock: name, mode: "exclusive", permits: 0, permitsMax: 0 });
  if (kind === "permits") {
    return [{ lock: SEMAPHORE, mode: "permits", permits: 1 + (bits(14) % 2), permitsMax: PERMITS }];
  }
  if (kind === "several") return Array.from({ length: LOCKS }, (_, index) => exclusive(`lock-${index}`));
  // Who tries, or gives up, does so on either side of those that exclude each other.
  const isShared = kind === "shared" || ((kind === "try" || kind === "give-up") && bits(15) % 2 === 0);
  return [isShared ? { ...exclusive(lock), mode: "shared" } : exclusive(lock)];
}

/** The lock in hand; null: others have it. */
export async function acquire(turn: LockTurn, wants: readonly Want[]): Promise<HeldLock | null> {
  const { client, locks, kind, bits } = turn;
  const names = wants.map(({ lock }) => lock);
  const [{ mode, permits, permitsMax }] = wants as readonly [Want];
  const how: AcquireOptions =
    mode === "permits" ? { permits: { take: permits, of: permitsMax } } : { shared: mode === "shared" };
  if (kind === "try") return locks.tryAcquire(names, { ...how, timeoutMs: WAIT_MS });
  if (kind !== "give-up") return locks.acquire(names, { ...how, timeoutMs: WAIT_MS });
  const abort = new AbortController();
  client.process.clock.after(bits(16) % PATIENCE_MS, () => abort.abort());
  return locks.acquire(names, { ...how, timeoutMs: WAIT_MS, signal: abort.signal });
}

/** Takes a lock from whoever has it, once they have given it up or cannot believe in it any more. */
export async function force({ locks, bits }: LockTurn): Promise<void> {
  const name = bits(17) % 4 === 0 ? SEMAPHORE : `lock-${bits(12) % LOCKS}`;
  await locks.forceRelease(name, { reason: "somebody else needs it" });
}

/** A write that is carried out only if the lock is still held, as the log has it. */
export async function writeFenced({ client }: LockTurn, { names, token }: HeldLock): Promise<void> {
  const [name] = names as readonly [string];
  try {
    await kv(client.caller)
      .transaction()
      .when(compare.lockHeld(name, token))
      .do(operation.put(`fenced-${name}`, String(token)))
      .commit();
  } catch (error) {
    if (!(error instanceof KvError)) throw error;
  }
}
