export { type SuiteCheck } from "./check.ts";
export { DISK_CHECKS, type DiskSubject } from "./disk-checks.ts";
export { TRANSPORT_CHECKS, type TransportSubject } from "./transport-checks.ts";
