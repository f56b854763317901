export {
  connect,
  type ConnectOptions,
  LOCAL_ENDPOINTS,
  type MachineClient,
  machineClient,
  type Quorate,
} from "./connect.ts";
export { createNode, type NodeOptions, type QuorateNode } from "./create-node.ts";
export { fromReducer, QuorateError } from "@quorate/machine";
export { Fence, type HeldLock, type LockClient } from "@quorate/lock";
export { type Kv, type KvEntry } from "@quorate/kv";
export {
  type SaveFolderOptions,
  saveFolder,
  saveSnapshot,
  type SaveSnapshotOptions,
} from "./snapshot/save-snapshot.ts";
export {
  type RestoredCluster,
  type RestoredNode,
  restoreSnapshot,
  type RestoreSnapshotOptions,
  REVISION_JUMP,
} from "./snapshot/restore-snapshot.ts";
export { NODE_LIMITS, type NodeLimits } from "./node-limits.ts";
export { freePorts, startTestCluster, type TestCluster, type TestClusterOptions } from "./test-cluster.ts";
