import assert from "node:assert/strict";
import { test } from "node:test";
import type { SnapshotChunk, SnapshotWanted } from "../../../packages/log/src/transport/transport.ts";
import { MemoryDisk } from "../../../packages/log/src/disk/memory-disk.ts";
import { createSnapshotInstaller, type SnapshotInstaller } from "../../../packages/log/src/snapshot/install.ts";
import { createSnapshotSender, type SnapshotSender } from "../../../packages/log/src/snapshot/send.ts";
import { openSnapshots, type Snapshots } from "../../../packages/log/src/snapshot/snapshots.ts";
import type { SnapshotHead } from "../../../packages/log/src/wal/group-log.ts";
import { Turns } from "../turns.ts";
import { CLUSTER } from "../wal/logs.ts";
import { head, imageBytes, LIMITS, TextImage } from "./images.ts";

/** Node 1 has snapshots and sends them; node 2 takes them. `lose` decides which messages are lost. */
class Pair {
  readonly turns = new Turns();
  readonly disks = [1, 2].map(() => new MemoryDisk({ later: this.turns.later }));
  readonly from: Snapshots;
  readonly to: Snapshots;
  readonly sender: SnapshotSender;
  readonly installer: SnapshotInstaller;
  readonly installed: SnapshotHead[] = [];
  chunks = 0;
  bytes = 0;
  appliedTo = 0;
  lose: (message: SnapshotChunk | SnapshotWanted) => boolean = () => false;
  corrupt = false;

  constructor() {
    const { turns } = this;
    const [one, two] = this.disks as [MemoryDisk, MemoryDisk];
    const open = (disk: MemoryDisk): Snapshots =>
      turns.finish<Snapshots>((done) => openSnapshots({ disk, cluster: CLUSTER, limits: LIMITS }, done));
    this.from = open(one);
    this.to = open(two);
    this.sender = createSnapshotSender({
      snapshots: this.from,
      clock: turns,
      limits: LIMITS,
      send: (group, to, message) => {
        if (to !== 2) return;
        if (message.bytes.length > 0) this.chunks++;
        this.bytes += message.bytes.length;
        if (this.lose(message)) return;
        const bytes = message.bytes.slice();
        if (this.corrupt && bytes.length > 0) bytes[0]! ^= 1;
        turns.after(1, () => this.installer.chunk(group, 1, { ...message, bytes }, this.appliedTo));
      },
    });
    this.installer = createSnapshotInstaller({
      disk: two,
      snapshots: this.to,
      clock: turns,
      limits: LIMITS,
      send: (group, to, message) => {
        assert.equal(to, 1);
        if (!this.lose(message)) turns.after(1, () => this.sender.wanted(group, 2, message));
      },
      installed: (_group, found) => this.installed.push(found),
    });
  }

  write(slot: number, bytes: number): void {
    this.turns.finish<void>((done) => this.from.write(head(slot), new TextImage(slot, bytes), done));
  }

  installedBytes(): Uint8Array {
    const chunks: Uint8Array[] = [];
    this.turns.finish<SnapshotHead | null>((done) => this.to.read(1, (chunk) => chunks.push(chunk), done));
    return Buffer.concat(chunks);
  }
}

test("an offered snapshot arrives whole, stands durably, and is told once", () => {
  const pair = new Pair();
  pair.write(9, 20_000);
  pair.sender.offer(1, 2);
  pair.turns.advance(2_000);
  assert.deepEqual(pair.installed, [head(9)]);
  assert.ok(Buffer.from(imageBytes(9, 20_000)).equals(pair.installedBytes()));
  pair.disks[1]!.crash(() => 0);
  assert.ok(pair.disks[1]!.paths().join().includes("1-0000000000000009.snap"));
});

test("lost messages are made up for, and what arrived is not sent again", () => {
  const pair = new Pair();
  pair.write(9, 20_000);
  let count = 0;
  pair.lose = () => (count += 1) % 4 === 0;
  pair.sender.offer(1, 2);
  pair.turns.advance(10_000);
  assert.equal(pair.installed.length, 1);
  assert.ok(pair.chunks < 45, `${pair.chunks} chunks for 21`);
});

test("a transfer that was cut goes on where it stopped", () => {
  const pair = new Pair();
  pair.write(9, 20_000);
  pair.lose = () => pair.chunks >= 10;
  pair.sender.offer(1, 2);
  pair.turns.advance(20_000);
  assert.equal(pair.installed.length, 0);
  assert.equal(pair.installer.incoming(1), 9);
  pair.lose = () => false;
  const before = pair.chunks;
  pair.sender.offer(1, 2);
  pair.turns.advance(2_000);
  assert.equal(pair.installed.length, 1);
  assert.ok(pair.chunks - before <= 13, `${pair.chunks - before} chunks for the second half`);
});

test("a damaged chunk is asked for again, never written", () => {
  const pair = new Pair();
  pair.write(9, 3_000);
  pair.corrupt = true;
  pair.sender.offer(1, 2);
  pair.turns.advance(350);
  assert.equal(pair.installed.length, 0);
  pair.corrupt = false;
  pair.turns.advance(2_000);
  assert.equal(pair.installed.length, 1);
});

test("bug 28: a snapshot that covers no more than what is applied or stored is not taken", () => {
  const pair = new Pair();
  pair.write(9, 3_000);
  pair.appliedTo = 9;
  pair.sender.offer(1, 2);
  pair.turns.advance(2_000);
  assert.equal(pair.installed.length, 0);
  assert.deepEqual(pair.disks[1]!.paths(), []);
  pair.appliedTo = 8;
  pair.sender.offer(1, 2);
  pair.turns.advance(2_000);
  assert.equal(pair.installed.length, 1);
  const late: SnapshotChunk = {
    kind: "snapshot-chunk",
    slot: 9,
    position: 0,
    bytesTotal: 10,
    checksum: 0,
    bytes: new Uint8Array(0),
  };
  pair.installer.chunk(1, 1, late, 0);
  pair.installer.chunk(1, 1, { ...late, slot: 4 }, 0);
  pair.turns.advance(2_000);
  assert.equal(pair.installer.incoming(1), 0);
});

test("a snapshot that is being sent stays until the transfer ends, though a newer one comes", () => {
  const pair = new Pair();
  pair.write(9, 20_000);
  pair.sender.offer(1, 2);
  pair.turns.advance(5);
  pair.write(12, 20_000);
  pair.turns.advance(2_000);
  assert.equal(pair.installed[0]?.slot, 9);
  pair.turns.advance(2 * LIMITS.giveUpMs);
  pair.sender.offer(1, 2);
  pair.turns.advance(2_000);
  assert.deepEqual(
    pair.installed.map(({ slot }) => slot),
    [9, 12],
  );
  pair.turns.advance(2 * LIMITS.giveUpMs);
  pair.sender.offer(1, 3);
  pair.write(15, 100);
  assert.deepEqual(pair.disks[0]!.paths(), ["snapshot/1-0000000000000015.snap"]);
});

test("an older snapshot is taken, if the peer that offered a newer one has fallen silent", () => {
  const pair = new Pair();
  const offer = {
    kind: "snapshot-chunk",
    position: 0,
    bytesTotal: 20_000,
    checksum: 0,
    bytes: new Uint8Array(0),
  } as const;
  pair.lose = ({ slot }) => slot === 12;
  pair.installer.chunk(1, 1, { ...offer, slot: 12 }, 0);
  pair.turns.advance(10);
  assert.equal(pair.installer.incoming(1), 12);
  pair.write(9, 20_000);
  pair.sender.offer(1, 2);
  pair.turns.advance(LIMITS.giveUpMs / 2);
  assert.equal(pair.installed.length, 0);
  pair.turns.advance(LIMITS.giveUpMs);
  pair.sender.offer(1, 2);
  pair.turns.advance(2_000);
  assert.deepEqual(pair.installed, [head(9)]);
});

test("chunks leave at the rate that is set", () => {
  const pair = new Pair();
  pair.write(9, 200_000);
  pair.sender.offer(1, 2);
  pair.turns.advance(100);
  assert.ok(pair.bytes <= 0.1 * LIMITS.sendBytesPerSecond + 2 * LIMITS.chunkBytes, String(pair.bytes));
  assert.ok(pair.bytes > 10_000, String(pair.bytes));
});

test("a receiver without space drops what it has, and takes the next offer", () => {
  const pair = new Pair();
  pair.write(9, 20_000);
  pair.disks[1]!.bytesMax = 5_000;
  pair.sender.offer(1, 2);
  pair.turns.advance(5_000);
  assert.equal(pair.installer.incoming(1), 0);
  assert.deepEqual(pair.disks[1]!.paths(), []);
  pair.disks[1]!.bytesMax = Number.POSITIVE_INFINITY;
  pair.sender.offer(1, 2);
  pair.turns.advance(5_000);
  assert.equal(pair.installed.length, 1);
});
