export { type LockShape, LOCK_MACHINE, lockMachine } from "./machine/machine.ts";
