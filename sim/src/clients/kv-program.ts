import { kv, type KvEntry, KvError, textOfValue } from "@quorate/kv";
import { QuorateError } from "@quorate/machine";
import type { RevisionedOperation } from "@quorate/check";
import { keyedBits, keyedFraction, Purpose } from "../world/keyed-random.ts";
import type { SimulatedClient } from "../world/simulated-client.ts";
import type { World } from "../world/world.ts";
import type { Program } from "./program.ts";

type Partial = Pick<RevisionedOperation, "kind" | "revision" | "value" | "sees" | "seenValue" | "seenModRevision">;

const SAW_NOTHING = { sees: "nothing", seenValue: null, seenModRevision: 0 } as const;

/** What a reply shows of an entry. */
function sight(entry: KvEntry | null): Pick<Partial, "sees" | "seenValue" | "seenModRevision"> {
  return {
    sees: "entry",
    seenValue: entry === null ? null : textOfValue(entry.value),
    seenModRevision: entry?.modRevision ?? 0,
  };
}

/** Of 100 calls: the first that is a read, and the first that is a read of level session. */
const READS_FROM = 35;
const SESSION_READS_FROM = 92;

/** Puts, gets, deletes and compare-and-sets on few keys; every value is written once, so that who wrote it is known. */
export const kvProgram: Program = (world, client, number) => useKeys(world, client, number, (bits) => bits % 100);

/** Reads only. Who never writes is never turned away to the leader: it goes on asking followers, and leaders that were left behind. */
export const readProgram: Program = (world, client, number) =>
  useKeys(world, client, number, (bits) => (bits % 100 < 80 ? READS_FROM : SESSION_READS_FROM));

/** Call after call on one of a few keys; `choose` says of which kind, as a number below 100. */
async function useKeys(
  world: World,
  client: SimulatedClient,
  number: number,
  choose: (bits: number) => number,
): Promise<void> {
  const store = kv(client.caller);
  const { keys, thinkMs, valueBytes, leaseMs, kinds } = world.config;
  // Beyond the bound on drift what is read under a lease may be old.
  const readsUnderLease = leaseMs > 0 && !kinds.includes("clock-drift");
  const bits = (count: number, what: number): number => keyedBits(world.seed, Purpose.program, number, count, what);
  const known = new Map<string, number>();
  let sessionRevision = 0;
  for (let count = 1; world.isLoaded; count++) {
    await client.sleep(2 * thinkMs * keyedFraction(world.seed, Purpose.program, number, count, 1));
    const key = `key-${bits(count, 2) % keys}`;
    const value = `${number}-${count}`.padEnd(valueBytes, ".");
    const choice = choose(bits(count, 3));
    const act = (blind: Partial, call: () => Promise<Partial>): Promise<void> =>
      recorded(world, client, number, key, blind, call);
    const write = { kind: "write", revision: 0, value, ...SAW_NOTHING } as const;
    if (choice < READS_FROM) {
      await act(write, async () => ({ ...write, revision: (await store.put(key, value)).revision }));
    } else if (choice < 65) {
      await act({ ...write, kind: "read", value: null }, async () => {
        const level = readsUnderLease && bits(count, 4) % 2 === 0 ? "lease" : "linearizable";
        const { entry, revision } = await store.read(key, { level });
        known.set(key, entry?.modRevision ?? 0);
        return { kind: "read", value: null, revision, ...sight(entry) };
      });
    } else if (choice < 85) {
      const modRevision = known.get(key) ?? 0;
      const expected = modRevision === 0 ? null : { modRevision };
      const swap = { ...write, sees: "version", seenModRevision: modRevision } as const;
      await act(swap, async () => {
        const { swapped, found, revision } = await store.compareAndSet(key, expected, value);
        known.set(key, swapped ? revision : (found?.modRevision ?? 0));
        return swapped ? { ...swap, revision } : { kind: "read", value: null, revision, ...sight(found) };
      });
    } else if (choice < SESSION_READS_FROM) {
      const gone = { ...write, value: null };
      await act(gone, async () => {
        const { revision, previous } = await store.delete(key, { previous: true });
        known.set(key, 0);
        return { ...gone, revision, ...sight(previous) };
      });
    } else {
      sessionRevision = await sessionRead(world, client, number, key, sessionRevision);
    }
  }
}

/** An operation of one shape, however it came about. */
function of(
  { kind, revision, value, sees, seenValue, seenModRevision }: Partial,
  process: number,
  key: string,
  invokedAt: number,
  returnedAt: number,
): RevisionedOperation {
  return { kind, revision, value, sees, seenValue, seenModRevision, process, key, invokedAt, returnedAt };
}

/** One call, into the history: with its reply, as of unknown outcome, or not at all. */
async function recorded(
  world: World,
  client: SimulatedClient,
  number: number,
  key: string,
  blind: Partial,
  call: () => Promise<Partial>,
): Promise<void> {
  const invokedAt = world.time.nowMs;
  const entry = world.history.begin(of(blind, number, key, invokedAt, Infinity));
  try {
    const told = await call();
    world.history.end(entry, of(told, number, key, invokedAt, world.time.nowMs));
    if (told.kind === "write") world.checks?.acknowledged(told.revision, `${told.kind} of ${key} by client ${number}`);
  } catch (error) {
    if (!(error instanceof QuorateError) || error instanceof KvError) throw error;
    world.failed(client, error, `${blind.kind} of ${key} by client ${number}`);
    if (error.outcome === "not-applied" || blind.kind === "read") world.history.drop(entry);
  }
}

/** A read that may be old, but never older than what this client has seen; what it shows was true at its revision. */
async function sessionRead(
  world: World,
  client: SimulatedClient,
  number: number,
  key: string,
  seenRevision: number,
): Promise<number> {
  try {
    const { entry, revision } = await kv(client.caller).read(key, { level: "session" });
    if (revision < seenRevision) {
      world.report("J5", `client ${number} read ${key} at revision ${revision}, after it had seen ${seenRevision}`);
    }
    const base = { process: number, kind: "read", key, value: null, invokedAt: 0 } as const;
    world.history.add({ ...base, returnedAt: world.time.nowMs, revision, ...sight(entry) });
    return revision;
  } catch (error) {
    if (!(error instanceof QuorateError)) throw error;
    world.failed(client, error, `session read of ${key} by client ${number}`);
    return seenRevision;
  }
}

/** Reads every key once more: an acknowledged write must be there; and all that there is. Throws what the reads throw. */
export async function finalReads(world: World, client: SimulatedClient, number: number): Promise<void> {
  for (let index = 0; index < world.config.keys; index++) {
    const key = `key-${index}`;
    const invokedAt = world.time.nowMs;
    const { entry, revision } = await kv(client.caller).read(key);
    const base = { process: number, kind: "read", key, value: null, invokedAt } as const;
    world.history.add({ ...base, returnedAt: world.time.nowMs, revision, ...sight(entry) });
  }
  await kv(client.caller).range({ prefix: "" });
}
