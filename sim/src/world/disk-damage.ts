import { type DiskOperation, type MemoryDisk, SECTOR_BYTES } from "@quorate/log";

const WAL_FILE = /^wal\/\d+\.seg$/u;
const NEAR_END_BYTES = 4096;
/** Writes whose places are known. */
const PLACES = 16;

/** Where a write begins. */
interface Place {
  readonly path: string;
  readonly position: number;
}

/** A write that goes wrong, and how far that has come. */
interface BadWrite {
  readonly kind: "lost" | "misdirected";
  readonly choice: number;
  /** Null: the next write of the log is the one. */
  captured: (Place & { readonly before: Uint8Array }) | null;
  /** The file of a later write; empty: there was none yet. */
  later: string;
}

/** What a disk does to the bytes of one machine, though it said that it has them. */
export class DiskDamage {
  readonly #disk: () => MemoryDisk;
  readonly #afterThis: (run: () => void) => void;
  /** Per file of the log, how far it was written. */
  readonly #writtenTo = new Map<string, number>();
  /** And synced: only that can be damaged. What a disk does to a write before it says that it has it is a power loss, or an error. */
  readonly #syncedTo = new Map<string, number>();
  /** Per file, how far it was written as each of its syncs under way began, oldest first. */
  readonly #syncing = new Map<string, number[]>();
  /** Of the last writes of the log: where each began. */
  readonly #places: Place[] = [];
  #bad: BadWrite | null = null;
  /** Of each path that was written: whether it is a file of the log. */
  readonly #logs = new Map<string, boolean>();

  /** @param afterThis - runs something right after the step of now. */
  constructor(disk: () => MemoryDisk, afterThis: (run: () => void) => void) {
    this.#disk = disk;
    this.#afterThis = afterThis;
  }

  /** Another disk took the place of this one. */
  replaced(): void {
    this.#writtenTo.clear();
    this.#syncedTo.clear();
    this.#syncing.clear();
    this.#places.length = 0;
    this.#bad = null;
  }

  /** The process ended: a write that was to go wrong and was not followed by a synced one went well. */
  processEnded(): void {
    this.#syncing.clear();
    this.#bad = null;
  }

  /** Before each operation. */
  noted({ kind, path, position, bytes }: DiskOperation): void {
    if (kind === "sync" && this.#writtenTo.has(path)) this.#syncBegins(path);
    if (kind !== "write" || !this.#isLog(path)) return;
    this.#writtenTo.set(path, Math.max(this.#writtenTo.get(path) ?? 0, position + bytes));
    if (this.#places.push({ path, position }) > PLACES) this.#places.shift();
    const bad = this.#bad;
    if (bad === null || bad.later !== "") return;
    if (bad.captured !== null) bad.later = path;
    else
      bad.captured = {
        path,
        position,
        before: this.#disk()
          .bytes(path)
          .slice(position, position + bytes),
      };
  }

  #isLog(path: string): boolean {
    let isLog = this.#logs.get(path);
    if (isLog === undefined) this.#logs.set(path, (isLog = WAL_FILE.test(path)));
    return isLog;
  }

  #syncBegins(path: string): void {
    const under = this.#syncing.get(path);
    const to = this.#writtenTo.get(path)!;
    if (under === undefined) this.#syncing.set(path, [to]);
    else under.push(to);
  }

  /** A sync of a file came to its end. */
  synced(path: string): void {
    const to = this.#syncing.get(path)?.shift();
    if (to !== undefined) this.#syncedTo.set(path, to);
    const bad = this.#bad;
    if (bad === null || bad.later !== path) return;
    this.#bad = null;
    this.#afterThis(() => this.#goesWrong(bad));
  }

  /**
   * The next write of the log is lost, or lands elsewhere in the log. It shows once a later write is synced, so until then the disk still has it: a lost
   * write at the very end of a log is what no format without a second disk can find.
   */
  arm(kind: BadWrite["kind"], choice: number): void {
    this.#bad ??= { kind, choice, captured: null, later: "" };
  }

  /** Something that was written rots: one bit, or much of one sector. Returns whether there was something. */
  rot(choice: number): boolean {
    const disk = this.#disk();
    const path = this.#rottenFile(choice);
    if (path === null) return false;
    const end = WAL_FILE.test(path) ? this.#syncedTo.get(path)! : disk.bytes(path).length;
    if (end === 0) return false;
    const spread = (choice >>> 7) % 3 === 0 ? Math.min(end, NEAR_END_BYTES) : end;
    const position = end - 1 - ((choice >>> 4) % spread);
    const many = (choice >>> 3) % 4 === 0;
    for (let at = position; at < Math.min(end, many ? position + SECTOR_BYTES / 2 : position + 1); at += 7) {
      disk.flip(path, at, (choice >>> 9) % 8);
    }
    return true;
  }

  #rottenFile(choice: number): string | null {
    const paths = this.#disk().paths();
    const pick = (of: readonly string[]): string | null => of[(choice >>> 5) % Math.max(1, of.length)] ?? null;
    const logs = paths.filter((path) => (this.#syncedTo.get(path) ?? 0) > 0);
    if (choice % 16 === 0) return pick(paths.filter((path) => path === "identity"));
    if (choice % 16 <= 3) return pick(paths.filter((path) => path.endsWith(".snap"))) ?? pick(logs);
    return pick(logs);
  }

  #goesWrong({ kind, choice, captured }: BadWrite): void {
    const { path, position, before } = captured!;
    const disk = this.#disk();
    // The log let the segment go meanwhile.
    if (!disk.paths().includes(path)) return;
    const meant = disk.bytes(path).slice(position, position + before.length);
    this.#put(path, position, before);
    if (kind === "lost") return;
    const { path: other, at } = this.#elsewhere(choice, captured!);
    const isUnderWay = at < (this.#writtenTo.get(other) ?? 0) && at + meant.length > (this.#syncedTo.get(other) ?? 0);
    if (!isUnderWay) this.#put(other, at, meant);
  }

  /** Where a write lands instead: where another one was meant to, or anywhere; half of those where something stands already, since what is empty ahead of the log is most of it. */
  #elsewhere(choice: number, meant: Place): { readonly path: string; readonly at: number } {
    const disk = this.#disk();
    const logs = disk.paths().filter((each) => WAL_FILE.test(each));
    const places = this.#places.filter(
      ({ path, position }) => logs.includes(path) && (path !== meant.path || position !== meant.position),
    );
    if ((choice >>> 3) % 4 > 0 && places.length > 0) {
      const { path, position } = places[(choice >>> 6) % places.length]!;
      return { path, at: position };
    }
    const used = logs.filter((each) => (this.#syncedTo.get(each) ?? 0) > 0);
    const overSomething = (choice >>> 5) % 2 === 0 && used.length > 0;
    const path = overSomething ? used[choice % used.length]! : logs[choice % logs.length]!;
    const end = overSomething ? this.#syncedTo.get(path)! : disk.bytes(path).length;
    return { path, at: ((choice >>> 6) % Math.ceil(end / SECTOR_BYTES)) * SECTOR_BYTES };
  }

  /** Durably, and without a word. */
  #put(path: string, position: number, bytes: Uint8Array): void {
    const disk = this.#disk();
    const there = disk.bytes(path).subarray(position, position + bytes.length);
    for (let index = 0; index < there.length; index++) {
      const differing = there[index]! ^ bytes[index]!;
      for (let bit = 0; bit < 8; bit++) if (((differing >>> bit) & 1) === 1) disk.flip(path, position + index, bit);
    }
  }
}
