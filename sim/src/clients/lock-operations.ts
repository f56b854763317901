import { compare, KvError, kv, operation } from "@quorate/kv";
import { type AcquireOptions, election, type HeldLock, type LockClient, type Want } from "@quorate/lock";
import { QuorateError, type ReadLevel, type ReadOptions } from "@quorate/machine";
import type { SimulatedClient } from "../world/simulated-client.ts";
import type { World } from "../world/world.ts";
import type { FencedResource } from "./fenced-resource.ts";
import { work } from "./work-under-lock.ts";

/** How locks can be used. */
export const LOCK_OPERATIONS = [
  "exclusive",
  "shared",
  "permits",
  "several",
  "try",
  "give-up",
  "with-lock",
  "force",
  "force-now",
  "fenced",
  "fence",
  "campaign",
  "observe",
  "look",
] as const;

/** One of {@link LOCK_OPERATIONS}. */
export type LockOperation = (typeof LOCK_OPERATIONS)[number];

const LOCKS = 2;
/** The one semaphore, and how many permits it has. */
const SEMAPHORE = "permits-0";
const PERMITS = 3;
const ELECTION = "election-0";
/** Longest wait for a lock, on the client's clock; and of one that gives up. */
const WAIT_MS = 6000;
const PATIENCE_MS = 600;
/** Longest time that an election is observed; and that a write is on its way to the resource. */
const OBSERVED_MS = 2500;
const ON_ITS_WAY_MS = 400;
/** Longest time for which a lock stays closed after an unclean loss. */
const DELAY_MS = 1500;
const LEVELS: readonly ReadLevel[] = ["linearizable", "lease", "session", "stale"];

/** One use of a lock. */
export interface LockTurn {
  readonly world: World;
  readonly client: SimulatedClient;
  readonly locks: LockClient;
  readonly kind: LockOperation;
  /** By lock. */
  readonly resource: (lock: string) => FencedResource;
  /** Decides something; another number for another thing. */
  readonly bits: (what: number) => number;
}

/** One lock, held alone. */
function exclusive(lock: string): Want {
  return { lock, mode: "exclusive", permits: 0, permitsMax: 0 };
}

function anyLock(bits: LockTurn["bits"]): string {
  return bits(17) % 4 === 0 ? SEMAPHORE : `lock-${bits(12) % LOCKS}`;
}

/** What is to be acquired. */
function wantsOf({ kind, bits }: LockTurn): readonly Want[] {
  const lock = `lock-${bits(12) % LOCKS}`;
  if (kind === "permits") {
    return [{ lock: SEMAPHORE, mode: "permits", permits: 1 + (bits(14) % 2), permitsMax: PERMITS }];
  }
  if (kind === "several") return Array.from({ length: LOCKS }, (_, index) => exclusive(`lock-${index}`));
  // Who tries, or gives up, does so on either side of those that exclude each other.
  const isShared = kind === "shared" || ((kind === "try" || kind === "give-up") && bits(15) % 2 === 0);
  return [isShared ? { ...exclusive(lock), mode: "shared" } : exclusive(lock)];
}

function optionsOf([{ mode, permits, permitsMax }]: readonly Want[] & { readonly 0: Want }, bits: LockTurn["bits"]) {
  const options = { timeoutMs: WAIT_MS, delayMs: bits(18) % 2 === 0 ? DELAY_MS : bits(18) % DELAY_MS };
  if (mode === "permits") return { ...options, permits: { take: permits, of: permitsMax } };
  return { ...options, shared: mode === "shared" };
}

/** The lock in hand; null: others have it. */
async function acquire(
  { client, locks, kind, bits }: LockTurn,
  names: readonly string[],
  options: AcquireOptions,
): Promise<HeldLock | null> {
  if (kind === "try") return locks.tryAcquire(names, options);
  if (kind !== "give-up") return locks.acquire(names, options);
  const abort = new AbortController();
  client.process.clock.after(bits(16) % PATIENCE_MS, () => abort.abort());
  return locks.acquire(names, { ...options, signal: abort.signal });
}

/** Acquires, works, and gives it up. */
async function hold(turn: LockTurn, act: (held: HeldLock) => Promise<void> = async () => undefined): Promise<void> {
  const wants = wantsOf(turn) as readonly Want[] & { readonly 0: Want };
  const names = wants.map(({ lock }) => lock);
  const options = optionsOf(wants, turn.bits);
  if (turn.kind === "with-lock") {
    let wasLost = false;
    await turn.locks.withLock(
      names,
      async (held) => {
        await work(turn, wants, held, act);
        wasLost = held.state === "lost";
      },
      options,
    );
    if (wasLost) turn.world.report("I6", `${names.join(" and ")} was lost under work that withLock calls done`);
    return;
  }
  const held = await acquire(turn, names, options);
  if (held === null) return;
  await work(turn, wants, held, act);
  await held.release();
}

/** Takes a lock from whoever has it, or from one holder: once they have given it up or cannot believe in it any more, or at once. */
async function force({ locks, kind, bits }: LockTurn): Promise<void> {
  const name = anyLock(bits);
  let token = 0;
  if (bits(19) % 3 === 0) {
    const { occupants } = await locks.describe(name, { level: "stale" });
    token = occupants[bits(14) % Math.max(1, occupants.length)]?.token ?? 0;
  }
  await locks.forceRelease(name, { token, now: kind === "force-now", reason: "somebody else needs it" });
}

/** A write that is carried out only if the lock is still held, as the log has it. */
async function writeFenced({ client }: LockTurn, { names, token }: HeldLock): Promise<void> {
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

/** A write to something outside the log, which arrives when it arrives. */
async function writeOutside({ client, resource, bits }: LockTurn, { names, token }: HeldLock): Promise<void> {
  const outside = resource(names[0]!);
  await client.sleep(bits(21) % ON_ITS_WAY_MS);
  if (bits(22) % 8 === 0) outside.restart();
  try {
    await outside.write(token);
  } catch (error) {
    if (!(error instanceof QuorateError)) throw error;
    if (error.code !== "FENCED" && error.code !== "CLOSED") throw error;
  }
}

/** Is elected, tells the observers one thing after the other, and resigns. */
async function campaign(turn: LockTurn): Promise<void> {
  const { client, locks, bits } = turn;
  const options = optionsOf([exclusive(ELECTION)], bits);
  const said = (count: number): Uint8Array => Uint8Array.of(client.id % 256, count);
  const leadership = await election(ELECTION, client.caller, locks).campaign(said(0), {
    timeoutMs: options.timeoutMs,
    delayMs: options.delayMs,
  });
  let count = 0;
  await work(turn, [exclusive(ELECTION)], leadership.held, () => leadership.proclaim(said(++count)));
  await leadership.resign();
}

/** Watches who leads, for a while. */
async function observe({ world, client, locks, bits }: LockTurn): Promise<void> {
  const abort = new AbortController();
  client.process.clock.after(bits(23) % OBSERVED_MS, () => abort.abort());
  const judge = world.checks?.locks.observer(`client ${client.id}`, ELECTION);
  try {
    for await (const leader of election(ELECTION, client.caller, locks).observe({ signal: abort.signal })) {
      judge?.told(leader);
    }
  } catch (error) {
    if (!(error instanceof QuorateError) || error.code !== "ABORTED") throw error;
  }
}

/** Asks who has which lock, who leads, and what was taken by force, at any level. What is wrong with an answer is found where it arrives. */
async function look({ world, client, locks, bits }: LockTurn): Promise<void> {
  const level = LEVELS[bits(24) % LEVELS.length]!;
  // Of one node, whoever leads.
  const options: ReadOptions = bits(25) % 3 === 0 ? { level, at: 1 + (bits(26) % world.nodes.length) } : { level };
  const name = anyLock(bits);
  const { occupants } = await locks.describe(name, options);
  const kind = bits(27) % 4;
  if (kind === 0) await locks.validate(name, occupants[0]?.token ?? 1, options);
  else if (kind === 1)
    await locks.list({ ...options, prefix: ["", "lock-"][bits(28) % 2]!, limit: 1 + (bits(29) % 3) });
  else if (kind === 2) await locks.audit(options);
  else await election(ELECTION, client.caller, locks).leader(options);
}

/** What each of them does. */
export const LOCK_USES: Readonly<Record<LockOperation, (turn: LockTurn) => Promise<void>>> = {
  exclusive: (turn) => hold(turn),
  shared: (turn) => hold(turn),
  permits: (turn) => hold(turn),
  several: (turn) => hold(turn),
  try: (turn) => hold(turn),
  "give-up": (turn) => hold(turn),
  "with-lock": (turn) => hold(turn),
  force,
  "force-now": force,
  fenced: (turn) => hold(turn, (held) => writeFenced(turn, held)),
  fence: (turn) => hold(turn, (held) => writeOutside(turn, held)),
  campaign,
  observe,
  look,
};
