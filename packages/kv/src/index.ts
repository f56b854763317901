export { KV_NAME, KV_VERSION, kvMachine } from "./machine/machine.ts";
export { KV_LIMITS, type KvLimits } from "./machine/limits.ts";
export type { KvShape, RefusalCode } from "./machine/command.ts";
