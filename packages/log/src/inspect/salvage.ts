import { type Composite, QuorateError } from "@quorate/machine";
import { type Durable, type Governing, MAJORITY } from "@quorate/paxos";
import type { Disk, Done } from "../disk/disk.ts";
import { inTurn } from "../disk/in-turn.ts";
import { readOnly } from "../disk/read-only.ts";
import { logCorrupt, unreadableImage } from "../errors.ts";
import { type Identity, loadIdentity } from "../host/identity.ts";
import { Applier } from "../replica/applier.ts";
import { ImageReader } from "../replica/image-reader.ts";
import { SNAPSHOT_DEFAULTS } from "../snapshot/limits.ts";
import { openSnapshots, type Snapshots } from "../snapshot/snapshots.ts";
import type { SnapshotHead } from "../wal/group-log.ts";
import { recover } from "../wal/recovery.ts";

/** The state that one folder holds. */
export interface Salvaged {
  readonly identity: Identity;
  readonly head: SnapshotHead;
  /** Everything to `head.slot` is applied. */
  readonly composite: Composite;
  /** The last slot that is known chosen. What stands above it was accepted here: others may hold something else there. */
  readonly chosenTo: number;
}

/**
 * Takes the state of one group out of the folder of a node that does not run, as far as it can be read: the snapshot, and every entry after it that the node
 * accepted, up to the first one that it lacks. For the day when a quorum is lost for good. Changes nothing.
 *
 * With a quorum of the disks left, start those nodes instead: this cannot know what the others hold.
 *
 * @param disk - claimed before.
 * @param machine - of the same machines as the log; it stays as it is.
 * Errors: `BAD_OPTION` for a folder that holds nothing of the group, `UNKNOWN_MACHINE`, `LOG_CORRUPT`, `LOG_NEWER`, `LOG_FAILED`.
 */
export function salvage(disk: Disk, group: number, machine: Composite, done: Done<Salvaged>): void {
  const fail = (error: QuorateError): void => {
    done(error, undefined as never);
  };
  const looked = readOnly(disk);
  loadIdentity(looked, (identityError, loaded) => {
    if (identityError !== null) return fail(identityError);
    const { identity } = loaded;
    const { cluster } = identity;
    recover({ disk: looked, cluster, openSlots: 0 }, (recoverError, recovery) => {
      if (recoverError !== null) return fail(recoverError);
      const part = recovery.parts.get(group);
      const durable = part === undefined ? null : part.facts.durable(part.index, 0, recovery.unit);
      const files = [...recovery.segments, ...recovery.spares];
      inTurn(
        files,
        ({ file }, next) => file.close(next),
        (closeError) => {
          if (closeError !== null) return fail(closeError);
          openSnapshots({ disk: looked, cluster, limits: SNAPSHOT_DEFAULTS }, (error, snapshots) => {
            if (error !== null) return fail(error);
            readState(snapshots, identity, group, machine, durable, done);
          });
        },
      );
    });
  });
}

function readState(
  snapshots: Snapshots,
  identity: Identity,
  group: number,
  machine: Composite,
  durable: Durable | null,
  done: Done<Salvaged>,
): void {
  const image = new ImageReader(machine.restore());
  snapshots.read(
    group,
    (chunk) => image.push(chunk),
    (error, head) => {
      if (error !== null) return done(error, undefined as never);
      let state: Salvaged;
      try {
        state = replay(identity, group, head === null ? machine : image.end(), head, durable);
      } catch (thrown) {
        const why = thrown instanceof QuorateError ? thrown : unreadableImage(group, head?.slot ?? 0, thrown);
        return done(why, undefined as never);
      }
      done(null, state);
    },
  );
}

/** The set that every group of a cluster begins with, unless its log names another. */
function formedSet({ members }: Identity): Governing {
  const voters = members.map((member) => ({ ...member, zone: 0 }));
  return { members: { voters, nonVoters: [], quorum: MAJORITY, leaseMs: 0 }, slot: 0, floor: 0 };
}

/** Applies what follows the snapshot. Throws QuorateError. */
function replay(
  identity: Identity,
  group: number,
  composite: Composite,
  head: SnapshotHead | null,
  durable: Durable | null,
): Salvaged {
  const base = head?.slot ?? 0;
  if (durable !== null && durable.base > base) {
    const why = `the log of group ${group} begins after slot ${durable.base}, but the newest whole snapshot covers slot ${base}`;
    throw logCorrupt("snapshot", 0, why);
  }
  const applier = new Applier(
    composite,
    () => undefined,
    () => undefined,
  );
  if (head !== null) applier.replace(composite, head.slot, head.standing);
  for (const entry of durable?.accepted ?? []) {
    if (entry.slot <= base) continue;
    if (entry.slot !== applier.appliedTo + 1 || durable?.faulty.includes(entry.slot)) break;
    applier.apply(entry);
  }
  if (applier.appliedTo === 0) {
    throw new QuorateError(
      "BAD_OPTION",
      "not-applied",
      `the folder holds nothing of group ${group} that could be saved`,
    );
  }
  const sets: readonly Governing[] = [...(head === null ? [] : [head.governing]), ...(durable?.governing ?? [])];
  const governing = sets.filter((set) => set.slot <= applier.appliedTo).at(-1) ?? formedSet(identity);
  const { appliedTo: slot, standing } = applier;
  const { revision, digest } = composite;
  const known = Math.max(base, durable?.chosenTo ?? 0);
  const taken: SnapshotHead = { group, slot, governing, standing, revision, digest };
  return { identity, head: taken, composite, chosenTo: Math.min(known, slot) };
}
