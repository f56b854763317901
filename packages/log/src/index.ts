export type {
  DigestReport,
  FormedMember,
  Forming,
  PeerMessage,
  SnapshotChunk,
  SnapshotWanted,
  Transport,
} from "./transport/transport.ts";
export type { Disk, DiskFile, Done } from "./disk/disk.ts";
