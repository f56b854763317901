import { type Clock, crc32c } from "@quorate/machine";
import type { Disk, DiskFile } from "../disk/disk.ts";
import type { SnapshotChunk, SnapshotWanted } from "../transport/transport.ts";
import type { SnapshotHead } from "../wal/group-log.ts";
import type { SnapshotLimits } from "./limits.ts";
import { snapshotPath } from "./snapshot-format.ts";
import type { Snapshots } from "./snapshots.ts";

/** At the end of the name of a file that is coming from a peer. */
export const PARTIAL = ".part";

/** How an installer is set up. */
export interface SnapshotInstallerOptions {
  readonly disk: Disk;
  readonly snapshots: Snapshots;
  readonly clock: Clock;
  readonly limits: SnapshotLimits;
  readonly send: (group: number, to: number, message: SnapshotWanted) => void;
  /** The snapshot stands here, whole, checked and durable; the live machine is untouched. Read it, replace the machine, trim the log, tell the engine. */
  readonly installed: (group: number, head: SnapshotHead) => void;
}

/** Takes snapshots from peers into files of this node. */
export interface SnapshotInstaller {
  /** A chunk came. Ignored unless its snapshot covers more than `appliedTo`: an old one never replaces newer state. */
  chunk(group: number, from: number, message: SnapshotChunk, appliedTo: number): void;
  /** Slot of the snapshot that is on its way to a group; 0: none. */
  incoming(group: number): number;
  close(): void;
}

interface Incoming {
  readonly group: number;
  readonly slot: number;
  readonly bytesTotal: number;
  /** The peer that gave the last chunk. */
  from: number;
  /** Everything before this is written. */
  position: number;
  file: DiskFile | null;
  /** The file is being made, written or checked. */
  busy: boolean;
  progressMs: number;
  cancelRetry: () => void;
}

/** An installer for all groups of a process. */
export function createSnapshotInstaller(options: SnapshotInstallerOptions): SnapshotInstaller {
  return new Installer(options);
}

class Installer implements SnapshotInstaller {
  readonly #options: SnapshotInstallerOptions;
  readonly #incoming = new Map<number, Incoming>();
  #closed = false;

  constructor(options: SnapshotInstallerOptions) {
    this.#options = options;
  }

  chunk(group: number, from: number, message: SnapshotChunk, appliedTo: number): void {
    if (this.#closed) return;
    const { slot, position, bytesTotal, checksum, bytes } = message;
    const stored = this.#options.snapshots.latest(group)?.slot ?? 0;
    if (slot <= appliedTo || slot <= stored) return;
    let incoming = this.#incoming.get(group);
    if (incoming === undefined || this.#isBetter(incoming, from, message)) {
      if (incoming?.busy === true) return;
      incoming = this.#begin(group, from, slot, bytesTotal);
    }
    if (incoming.slot !== slot || incoming.bytesTotal !== bytesTotal) return;
    incoming.from = from;
    if (incoming.busy) return;
    if (bytes.length === 0 || position !== incoming.position || crc32c(bytes) !== checksum) return this.#ask(incoming);
    if (position + bytes.length > bytesTotal) return;
    this.#write(incoming, bytes);
  }

  incoming(group: number): number {
    return this.#incoming.get(group)?.slot ?? 0;
  }

  close(): void {
    this.#closed = true;
    for (const incoming of this.#incoming.values()) {
      incoming.cancelRetry();
      incoming.file?.close(() => undefined);
    }
    this.#incoming.clear();
  }

  /** A newer snapshot replaces one on its way if it comes from the same peer; any other does, an older one too, if that one makes no progress. */
  #isBetter(incoming: Incoming, from: number, message: SnapshotChunk): boolean {
    if (message.slot === incoming.slot && message.bytesTotal === incoming.bytesTotal) return false;
    const stalledMs = this.#options.clock.nowMs() - incoming.progressMs;
    return stalledMs > this.#options.limits.giveUpMs || (from === incoming.from && message.slot >= incoming.slot);
  }

  #begin(group: number, from: number, slot: number, bytesTotal: number): Incoming {
    const before = this.#incoming.get(group);
    before?.cancelRetry();
    const incoming: Incoming = {
      group,
      slot,
      bytesTotal,
      from,
      position: 0,
      file: null,
      busy: true,
      progressMs: this.#options.clock.nowMs(),
      cancelRetry: () => undefined,
    };
    this.#incoming.set(group, incoming);
    const path = partialPath(incoming);
    const make = (): void => {
      this.#options.disk.remove(path, (removeError) => {
        if (removeError !== null) return this.#drop(incoming);
        this.#options.disk.create(
          path,
          0,
          () => new Uint8Array(0),
          (error, file) => {
            if (error !== null) return this.#drop(incoming);
            incoming.file = file;
            incoming.busy = false;
            this.#ask(incoming);
          },
        );
      });
    };
    if (before === undefined || before.file === null) make();
    else before.file.close(() => this.#options.disk.remove(partialPath(before), make));
    return incoming;
  }

  #ask(incoming: Incoming): void {
    const { clock, limits, send } = this.#options;
    if (this.#closed || this.#incoming.get(incoming.group) !== incoming) return;
    incoming.cancelRetry();
    send(incoming.group, incoming.from, { kind: "snapshot-wanted", slot: incoming.slot, position: incoming.position });
    if (clock.nowMs() - incoming.progressMs > limits.giveUpMs) return; // what arrived is kept; the next offer resumes it
    incoming.cancelRetry = clock.after(limits.retryMs, () => {
      if (!incoming.busy) this.#ask(incoming);
    });
  }

  #write(incoming: Incoming, bytes: Uint8Array): void {
    incoming.busy = true;
    incoming.file!.write(incoming.position, [bytes], (error) => {
      if (this.#closed) return;
      if (error !== null) return this.#drop(incoming);
      incoming.busy = false;
      incoming.position += bytes.length;
      incoming.progressMs = this.#options.clock.nowMs();
      if (incoming.position < incoming.bytesTotal) this.#ask(incoming);
      else this.#finish(incoming);
    });
  }

  #finish(incoming: Incoming): void {
    const { snapshots, installed } = this.#options;
    incoming.busy = true;
    incoming.cancelRetry();
    incoming.file!.close(() => {
      if (this.#closed) return;
      incoming.file = null;
      snapshots.adopt(partialPath(incoming), incoming.group, incoming.slot, (error, head) => {
        if (this.#closed) return;
        if (error !== null) return this.#drop(incoming);
        this.#incoming.delete(incoming.group);
        installed(incoming.group, head);
      });
    });
  }

  /** Begins anew with the next offer: no space, a damaged file, or a disk that fails (which the log will find out for itself). */
  #drop(incoming: Incoming): void {
    if (this.#closed) return;
    incoming.cancelRetry();
    const forget = (): void => {
      this.#options.disk.remove(partialPath(incoming), () => {
        if (this.#incoming.get(incoming.group) === incoming) this.#incoming.delete(incoming.group);
      });
    };
    incoming.busy = true;
    if (incoming.file === null) forget();
    else incoming.file.close(forget);
  }
}

function partialPath(incoming: Incoming): string {
  return snapshotPath(incoming.group, incoming.slot) + PARTIAL;
}
