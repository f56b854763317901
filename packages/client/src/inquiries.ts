import { type CallOptions, type Clock, crc32c, QuorateError } from "@quorate/machine";
import type { ClientFrame, ServerFrame, SnapshotPartFrame } from "./dial.ts";
import type { Endpoints } from "./endpoints.ts";
import { knownCode } from "./final-codes.ts";
import type { ClientLimits } from "./limits.ts";
import type { Exchange, Link } from "./link.ts";

/** What a replica says of itself: names to numbers and texts. */
export type ReplicaReport = Readonly<Record<string, string | number>>;

/** Which part of which snapshot. */
export interface SnapshotPlace {
  /** Of the snapshot that the last part came from; 0: of the newest that reflects `minRevision` at least. It is made if there is none. */
  readonly slot: number;
  /** In bytes. */
  readonly position: number;
  readonly minRevision: number;
}

/** Part of a snapshot; its checksum was checked. */
export type SnapshotPart = Pick<SnapshotPartFrame, "slot" | "position" | "bytesTotal" | "bytes">;

interface InquiriesOptions {
  readonly clock: Clock;
  readonly limits: ClientLimits;
  readonly endpoints: Endpoints;
  look(atMs: number): void;
}

/** What is asked, and what the answer means. */
interface Question<T> {
  /** Ends the sentence "ENDPOINT could not be asked for …". */
  readonly what: string;
  readonly frame: (id: number) => ClientFrame;
  /** `null`: this is no answer to it. */
  readonly answer: (frame: ServerFrame) => T | null;
}

/** One question to one endpoint: unlike a call it is never asked elsewhere. */
interface Inquiry extends Exchange {
  readonly link: Link;
  readonly frame: (id: number) => ClientFrame;
  readonly deadlineMs: number;
  readonly timeoutMs: number;
  dialled: boolean;
  asked: boolean;
  fail(code: "DEADLINE" | "ABORTED" | "CLOSED" | "NO_REPLICA", why: string): void;
}

/** Asks replicas for what only they themselves can tell or give. */
export class Inquiries {
  readonly #options: InquiriesOptions;
  readonly #open = new Set<Inquiry>();

  constructor(options: InquiriesOptions) {
    this.#options = options;
  }

  get isWaiting(): boolean {
    for (const inquiry of this.#open) if (!inquiry.asked) return true;
    return false;
  }

  status(endpoint: string, options: CallOptions): Promise<ReplicaReport> {
    const question: Question<ReplicaReport> = {
      what: "its status",
      frame: (id) => ({ kind: "status", id }),
      answer: (frame) => (frame.kind === "status" ? frame.status : null),
    };
    return this.#ask(endpoint, question, options);
  }

  snapshotPart(endpoint: string, place: SnapshotPlace, options: CallOptions): Promise<SnapshotPart> {
    const question: Question<SnapshotPart> = {
      what: `a snapshot from byte ${place.position} on`,
      frame: (id) => ({ kind: "snapshot", id, ...place }),
      answer: (frame) => {
        if (frame.kind !== "snapshot" || frame.position !== place.position || crc32c(frame.bytes) !== frame.checksum)
          return null;
        const { slot, position, bytesTotal, bytes } = frame;
        return { slot, position, bytesTotal, bytes };
      },
    };
    return this.#ask(endpoint, question, options);
  }

  #ask<T>(endpoint: string, { what, frame, answer }: Question<T>, options: CallOptions): Promise<T> {
    const { clock, limits, endpoints, look } = this.#options;
    const { timeoutMs = limits.timeoutMs, signal } = options;
    return new Promise((resolve, reject) => {
      const aborted = (): void => inquiry.fail("ABORTED", "the signal fired");
      const over = (): void => {
        this.#open.delete(inquiry);
        signal?.removeEventListener("abort", aborted);
      };
      const inquiry: Inquiry = {
        link: endpoints.of(endpoint),
        frame,
        timeoutMs,
        deadlineMs: timeoutMs === 0 ? Infinity : clock.nowMs() + timeoutMs,
        dialled: false,
        asked: false,
        received(got: ServerFrame) {
          over();
          const answered = answer(got);
          if (answered !== null) resolve(answered);
          else if (got.kind === "error")
            reject(
              new QuorateError(
                knownCode(got.code) ?? "NO_REPLICA",
                "not-applied",
                `${endpoint} refused ${what}: ${got.message}`,
                { endpoint },
              ),
            );
          else
            reject(new QuorateError("NO_REPLICA", "not-applied", `${endpoint} answered ${what} with another thing.`));
        },
        lost: (why) => inquiry.fail("NO_REPLICA", why),
        fail(code, why) {
          over();
          reject(
            new QuorateError(code, "not-applied", `${endpoint} could not be asked for ${what}: ${why}.`, { endpoint }),
          );
        },
      };
      if (signal?.aborted === true) return aborted();
      signal?.addEventListener("abort", aborted, { once: true });
      this.#open.add(inquiry);
      look(0);
    });
  }

  /** Returns when to look again. */
  look(nowMs: number): number {
    let nextMs = Infinity;
    for (const inquiry of [...this.#open]) {
      const { link } = inquiry;
      if (nowMs >= inquiry.deadlineMs) inquiry.fail("DEADLINE", `no answer within ${inquiry.timeoutMs} ms`);
      else if (!inquiry.asked && link.isOpen) {
        inquiry.asked = true;
        link.ask(inquiry.frame, inquiry);
      } else if (!inquiry.asked && link.state === "idle") {
        // Once is enough: who asks one replica wants to know how it is now.
        if (inquiry.dialled) inquiry.fail("NO_REPLICA", link.why);
        else {
          inquiry.dialled = true;
          link.dial();
        }
      }
      nextMs = Math.min(nextMs, inquiry.deadlineMs);
    }
    return nextMs;
  }

  close(): void {
    for (const inquiry of [...this.#open]) inquiry.fail("CLOSED", "the client is closed");
  }
}
