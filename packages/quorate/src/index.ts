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
export { freePorts, startTestCluster, type TestCluster, type TestClusterOptions } from "./test-cluster.ts";
