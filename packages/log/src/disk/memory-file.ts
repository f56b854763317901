import { SECTOR_BYTES, TEAR_BYTES } from "./sector.ts";
import { zeros } from "./zeros.ts";

/** A write whose completion was not told yet: it may be on its way to the disk. */
interface WriteUnderWay {
  readonly position: number;
  readonly bytes: Uint8Array;
}

/** What a sync made durable. */
export interface SyncedBytes {
  /** First byte of the first sector. */
  readonly from: number;
  /** After the last sector. */
  readonly end: number;
  /** The file as a power loss would leave it, whole; a view, to be read at once. */
  readonly image: Uint8Array;
}

/** What one sync covers: per sector the bytes that a power loss would bring back. */
type Overlay = Map<number, Uint8Array>;

/**
 * One file as a disk sees it: what a reader sees now, and per 512-byte sector what would be there after a power loss
 * if none of the unsynced writes had reached the disk.
 */
export class MemoryFile {
  #bytes: Uint8Array<ArrayBuffer> = new Uint8Array(0);
  #length = 0;
  #durableLength = 0;
  #viewed: Uint8Array = this.#bytes;
  /** Synced content of the sectors written since the last sync began. */
  #unsynced: Overlay = new Map();
  /** The same, of syncs under way, oldest first. */
  readonly #syncing: { readonly overlay: Overlay; readonly length: number }[] = [];
  /** The same, of sectors whose sync failed: no later sync covers them, unless they are written again. */
  readonly #abandoned: Overlay = new Map();
  readonly #underWay = new Set<WriteUnderWay>();

  get length(): number {
    return this.#length;
  }

  /** The content as a reader sees it; a copy. */
  read(position: number, bytes: number): Uint8Array {
    return this.#bytes.slice(Math.min(position, this.#length), Math.min(position + bytes, this.#length));
  }

  /** A write that has begun: it is applied by {@link finishWrite}, or by a power loss, in part. */
  beginWrite(position: number, parts: readonly Uint8Array[]): WriteUnderWay {
    const write = { position, bytes: concatenate(parts) };
    this.#underWay.add(write);
    return write;
  }

  finishWrite(write: WriteUnderWay): void {
    if (this.#underWay.delete(write)) this.#apply(write.position, write.bytes);
  }

  /** A write that has begun is done, and everything durable at once, as in a file that is made whole. */
  settleWrite(write: WriteUnderWay): void {
    if (this.#underWay.delete(write)) this.#put(write.position, write.bytes);
    this.settle();
  }

  /** A write that has begun is done, and durable, with all that was written before: as by {@link finishWrite} and a sync of no time. */
  finishThrough(write: WriteUnderWay): SyncedBytes | null {
    if (this.#unsynced.size > 0 || this.#syncing.length > 0 || this.#abandoned.size > 0) {
      this.finishWrite(write);
      return this.beginSync()();
    }
    // A power loss brings back nothing from before: no sector need be kept as it was.
    if (!this.#underWay.delete(write)) return null;
    const { position, bytes } = write;
    this.#put(position, bytes);
    this.#durableLength = this.#length;
    const from = Math.floor(position / SECTOR_BYTES) * SECTOR_BYTES;
    const end = Math.ceil((position + bytes.length) / SECTOR_BYTES) * SECTOR_BYTES;
    return { from, end, image: this.durable() };
  }

  /** Forgets a write: it never reached the file. */
  dropWrite(write: WriteUnderWay): void {
    this.#underWay.delete(write);
  }

  /** Begins a sync of every write that has finished; durable when the returned function is called, which tells what is. */
  beginSync(): () => SyncedBytes | null {
    const sync = { overlay: this.#unsynced, length: this.#length };
    this.#unsynced = new Map();
    this.#syncing.push(sync);
    return () => {
      const index = this.#syncing.indexOf(sync);
      if (index < 0) return null;
      const ended = this.#syncing.splice(0, index + 1);
      this.#durableLength = Math.max(this.#durableLength, sync.length);
      return this.#synced(ended.map(({ overlay }) => overlay));
    };
  }

  /** The file as a power loss would leave it if nothing unsynced reached the disk. A view or a copy. */
  durable(from: number = 0, end: number = this.#durableLength): Uint8Array {
    if (this.#unsynced.size === 0 && this.#syncing.length === 0 && this.#abandoned.size === 0) return this.#view();
    const pending = [...this.#syncing.map(({ overlay }) => overlay), this.#unsynced, this.#abandoned];
    const first = Math.floor(from / SECTOR_BYTES);
    let image: Uint8Array | null = null;
    for (const overlay of pending) {
      if (overlay.size === 0) continue;
      for (let sector = first; sector * SECTOR_BYTES < end; sector++) {
        if (!overlay.has(sector)) continue;
        image ??= this.#bytes.slice(0, this.#durableLength);
      }
    }
    if (image === null) return this.#view();
    // The oldest stands for what is on the disk.
    for (const overlay of pending.reverse()) {
      for (const [sector, bytes] of overlay) {
        const at = sector * SECTOR_BYTES;
        if (at < image.length) image.set(bytes.subarray(0, Math.min(SECTOR_BYTES, image.length - at)), at);
      }
    }
    return image;
  }

  /** All bytes that are durable by their place; the same object as long as these are the same. */
  #view(): Uint8Array {
    const { buffer } = this.#bytes;
    if (this.#viewed.buffer !== buffer || this.#viewed.length !== this.#durableLength) {
      this.#viewed = this.#bytes.subarray(0, this.#durableLength);
    }
    return this.#viewed;
  }

  #synced(overlays: readonly Overlay[]): SyncedBytes | null {
    let first = Infinity;
    let last = -1;
    for (const overlay of overlays) {
      for (const sector of overlay.keys()) {
        if (sector < first) first = sector;
        if (sector > last) last = sector;
      }
    }
    if (last < 0) return null;
    const from = first * SECTOR_BYTES;
    const end = (last + 1) * SECTOR_BYTES;
    return { from, end, image: this.durable(from, end) };
  }

  /**
   * A sync that fails: the system now takes these sectors for clean, though they never reached the disk.
   * Source: A. Rebello et al., *Can Applications Recover from fsync Failures?* (USENIX ATC 2020).
   */
  failSync(): void {
    for (const [sector, bytes] of this.#unsynced) this.#abandoned.set(sector, bytes);
    this.#unsynced.clear();
  }

  /** Everything is durable at once, as if made so long ago. */
  settle(): void {
    for (const write of this.#underWay) this.#apply(write.position, write.bytes);
    this.#underWay.clear();
    this.#unsynced.clear();
    this.#abandoned.clear();
    this.#syncing.length = 0;
    this.#durableLength = this.#length;
  }

  /** The process ended, the machine did not: what was written stays, unsynced; what was under way is done or not. */
  endProcess(): void {
    for (const write of this.#underWay) this.#apply(write.position, write.bytes);
    this.#underWay.clear();
    for (const sync of this.#syncing.reverse()) {
      for (const [sector, bytes] of sync.overlay) this.#unsynced.set(sector, bytes);
    }
    this.#syncing.length = 0;
  }

  /** Power loss. `decide(sector)` says how many of the first bytes of the sector's new content reached the disk. */
  loseUnsynced(decide: (sector: number) => number): void {
    this.endProcess();
    for (const [sector, bytes] of this.#abandoned) this.#unsynced.set(sector, bytes);
    this.#abandoned.clear();
    const sectors = [...this.#unsynced.keys()].sort((left, right) => left - right);
    let lengthNew = this.#durableLength;
    for (const sector of sectors) {
      const from = sector * SECTOR_BYTES;
      const reached = Math.min(SECTOR_BYTES, Math.max(0, decide(sector)));
      const kept = reached === SECTOR_BYTES ? reached : reached - (reached % TEAR_BYTES);
      if (kept > 0) lengthNew = Math.max(lengthNew, Math.min(this.#length, from + kept));
      const synced = this.#unsynced.get(sector)!;
      this.#bytes.set(synced.subarray(kept, Math.min(SECTOR_BYTES, this.#bytes.length - from)), from + kept);
    }
    this.#length = lengthNew;
    this.#durableLength = lengthNew;
    this.#unsynced.clear();
  }

  /** One bit rots, on the disk and for every reader. */
  flip(position: number, bit: number): void {
    if (position >= this.#length) throw new RangeError(`no byte ${position} in a file of ${this.#length} bytes`);
    this.#bytes[position]! ^= 1 << bit;
    const synced = this.#unsynced.get(Math.floor(position / SECTOR_BYTES));
    if (synced !== undefined) synced[position % SECTOR_BYTES]! ^= 1 << bit;
  }

  copy(): MemoryFile {
    const copy = new MemoryFile();
    copy.#bytes = this.#bytes.slice();
    copy.#length = this.#length;
    copy.#durableLength = this.#durableLength;
    for (const [sector, bytes] of this.#unsynced) copy.#unsynced.set(sector, bytes.slice());
    for (const [sector, bytes] of this.#abandoned) copy.#abandoned.set(sector, bytes.slice());
    for (const sync of this.#syncing) copy.#syncing.push({ overlay: new Map(sync.overlay), length: sync.length });
    for (const write of this.#underWay) copy.#underWay.add(write);
    return copy;
  }

  #apply(position: number, bytes: Uint8Array): void {
    const end = position + bytes.length;
    this.#grow(end);
    for (let sector = Math.floor(position / SECTOR_BYTES); sector * SECTOR_BYTES < end; sector++) {
      if (this.#unsynced.has(sector)) continue;
      const abandoned = this.#abandoned.get(sector);
      if (abandoned !== undefined) {
        this.#abandoned.delete(sector);
        this.#unsynced.set(sector, abandoned);
        continue;
      }
      const from = sector * SECTOR_BYTES;
      this.#unsynced.set(sector, copyOf(this.#bytes, from, from + SECTOR_BYTES));
    }
    this.#put(position, bytes);
  }

  #put(position: number, bytes: Uint8Array): void {
    const end = position + bytes.length;
    this.#grow(end);
    this.#bytes.set(bytes, position);
    if (end > this.#length) this.#length = end;
  }

  #grow(length: number): void {
    if (length <= this.#bytes.length) return;
    const sectors = Math.ceil(Math.max(length, this.#bytes.length * 1.5) / SECTOR_BYTES);
    const grown = new Uint8Array(sectors * SECTOR_BYTES);
    grown.set(this.#bytes);
    this.#bytes = grown;
  }
}

function copyOf(bytes: Uint8Array, from: number, end: number): Uint8Array {
  const copy = zeros(Math.min(end, bytes.length) - from);
  for (let index = 0; index < copy.length; index++) copy[index] = bytes[from + index]!;
  return copy;
}

function concatenate(parts: readonly Uint8Array[]): Uint8Array {
  let length = 0;
  for (const part of parts) length += part.length;
  const bytes = zeros(length);
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}
