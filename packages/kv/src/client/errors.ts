import { type Code, QuorateError } from "@quorate/machine";
import type { Refused, RefusalCode } from "../machine/command.ts";

/** The key-value store refused a command or a query in words. Nothing was changed; asking the same again has the same answer until the state is another. */
export class KvError extends QuorateError {
  /** Finer than `code`. */
  readonly refusal: RefusalCode;

  constructor(refusal: RefusalCode, message: string, subject: string, size: number, limit: number) {
    super(codeOf(refusal), "not-applied", message, { refusal, subject, size, limit });
    this.name = "KvError";
    this.refusal = refusal;
  }
}

function codeOf(refusal: RefusalCode): Code {
  if (refusal === "COMPACTED") return "COMPACTED";
  return refusal === "TOO_LARGE" || refusal === "TOO_MANY" || refusal === "STORE_FULL" ? "TOO_LARGE" : "BAD_COMMAND";
}

/** A refusal of the machine as the error that a caller gets. */
export function errorOf([, refusal, subject, size, limit]: Refused): KvError {
  return new KvError(refusal, messageOf(refusal, subject, size, limit), subject, size, limit);
}

function messageOf(refusal: RefusalCode, subject: string, size: number, limit: number): string {
  switch (refusal) {
    case "TOO_LARGE":
      return `${name(subject)} has ${size} bytes, the limit is ${limit}. Store it in parts.`;
    case "TOO_MANY":
      return `${size} ${subject}, the limit is ${limit}. Do it in several commands.`;
    case "STORE_FULL":
      return `${name(subject)} would make the store ${size} bytes, the limit is ${limit}. Delete keys first.`;
    case "KEY_ABSENT":
      return `${name(subject)} is absent, so it has no value to keep. Put one.`;
    case "NOT_A_NUMBER":
      return `${name(subject)} does not hold a decimal number below 2^53. Put one first.`;
    case "OUT_OF_RANGE":
      return `${name(subject)} would pass 2^53. Nothing was added.`;
    case "NO_SESSION":
      return `${name(subject)} cannot be bound to a session: the caller has none that lives. Open a session.`;
    case "COMPACTED":
      return `Revision ${size} can no longer be read, changes up to ${limit} are forgotten. Read the present, or a later revision.`;
  }
}

function name(key: string): string {
  return key === "key" ? "The key" : `The key ${JSON.stringify(key)}`;
}
