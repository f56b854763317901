import { type Code, codes } from "@quorate/machine";

/** Codes after which asking again changes nothing. */
export const FINAL_CODES: ReadonlySet<Code> = new Set<Code>([
  "TOO_LARGE",
  "BAD_COMMAND",
  "UNKNOWN_MACHINE",
  "DENIED",
  "WRONG_CLUSTER",
  "COMPACTED",
  "TOO_STALE",
  "DISK_FULL",
  "MACHINE_FAULT",
  "BURNT",
  "RELEASED",
  "SESSION_ENDED",
]);

const KNOWN: ReadonlySet<string> = new Set(codes.map(({ code }) => code));

/** The code, if this program knows it. A newer replica may have more. */
export function knownCode(code: string): Code | null {
  return KNOWN.has(code) ? (code as Code) : null;
}
