export type { Disk, DiskFile, Done } from "./disk/disk.ts";
export { withoutSync } from "./disk/lying-disk.ts";
export { KEEP_ALL, LOSE_ALL, MemoryDisk } from "./disk/memory-disk.ts";
export { SECTOR_BYTES } from "./disk/sector.ts";
export type { Decide, DiskFault, DiskOperation, MemoryDiskOptions, Pending } from "./disk/memory-disk.ts";
export type { SyncedBytes } from "./disk/memory-file.ts";
export { type Identity, type LoadedIdentity, loadIdentity } from "./host/identity.ts";
export { createHost, initialMembers } from "./host/host.ts";
export type { EngineSettings, Host, HostOptions, HostStatus, ReplicaOptions } from "./host/host.ts";
export { restoredHead, restoreFolder, type RestoreFolderOptions } from "./host/restore-folder.ts";
export { inspectFolder } from "./inspect/inspect-folder.ts";
export type {
  FolderFault,
  FolderReport,
  GroupReport,
  RecordReport,
  SegmentReport,
  SnapshotReport,
  UnitReport,
} from "./inspect/report.ts";
export { salvage, type Salvaged } from "./inspect/salvage.ts";
export { incarnationOf } from "./host/identity.ts";
export { LOG_LIMITS, type LogLimits } from "./limits.ts";
export type { Replica, ReplicaState, ReplicaStatus } from "./replica/replica.ts";
export type { ReplicaObserver } from "./replica/replica-observer.ts";
export { SNAPSHOT_DEFAULTS, type SnapshotLimits } from "./snapshot/limits.ts";
export { encodeSavedNote, readSavedSnapshot, type SavedNote, type SavedSnapshot } from "./snapshot/saved-snapshot.ts";
export { snapshotParts } from "./snapshot/snapshot-file.ts";
export { wholeSnapshot } from "./snapshot/whole-snapshot.ts";
export { memoryNetwork } from "./transport/memory-transport.ts";
export type { FramePart, FrameSchedule, MemoryNetwork } from "./transport/memory-transport.ts";
export type {
  DigestReport,
  FormedMember,
  Forming,
  OldCopy,
  PeerMessage,
  SnapshotChunk,
  SnapshotWanted,
  Transport,
} from "./transport/transport.ts";
export type { SnapshotHead } from "./wal/group-log.ts";
export { ballotOfRecord, type FoundRecord, type StoredRecord } from "./wal/record-codec.ts";
export { segmentKeyOf, writtenRecords } from "./wal/written-records.ts";
export { WAL_DEFAULTS, type WalLimits } from "./wal/limits.ts";
