import { type CallOptions, type Clock, QuorateError } from "@quorate/machine";
import type { ServerFrame } from "./dial.ts";
import type { Endpoints } from "./endpoints.ts";
import type { ClientLimits } from "./limits.ts";
import type { Exchange, Link } from "./link.ts";

/** What a replica says of itself: names to numbers and texts. */
export type ReplicaReport = Readonly<Record<string, string | number>>;

interface StatusRequestsOptions {
  readonly clock: Clock;
  readonly limits: ClientLimits;
  readonly endpoints: Endpoints;
  look(atMs: number): void;
}

/** One question to one endpoint: unlike a call it is never asked elsewhere. */
interface StatusRequest extends Exchange {
  readonly link: Link;
  readonly deadlineMs: number;
  readonly timeoutMs: number;
  dialled: boolean;
  asked: boolean;
  fail(code: "DEADLINE" | "ABORTED" | "CLOSED" | "NO_REPLICA", why: string): void;
}

/** Asks replicas for their status. */
export class StatusRequests {
  readonly #options: StatusRequestsOptions;
  readonly #open = new Set<StatusRequest>();

  constructor(options: StatusRequestsOptions) {
    this.#options = options;
  }

  get isWaiting(): boolean {
    for (const request of this.#open) if (!request.asked) return true;
    return false;
  }

  ask(endpoint: string, options: CallOptions): Promise<ReplicaReport> {
    const { clock, limits, endpoints, look } = this.#options;
    const { timeoutMs = limits.timeoutMs, signal } = options;
    return new Promise((resolve, reject) => {
      const aborted = (): void => request.fail("ABORTED", "the signal fired");
      const over = (): void => {
        this.#open.delete(request);
        signal?.removeEventListener("abort", aborted);
      };
      const request: StatusRequest = {
        link: endpoints.of(endpoint),
        timeoutMs,
        deadlineMs: timeoutMs === 0 ? Infinity : clock.nowMs() + timeoutMs,
        dialled: false,
        asked: false,
        received(frame: ServerFrame) {
          over();
          if (frame.kind === "status") resolve(frame.status);
          else
            reject(
              new QuorateError("NO_REPLICA", "not-applied", `${endpoint} answered a status with a ${frame.kind}.`),
            );
        },
        lost: (why) => request.fail("NO_REPLICA", why),
        fail(code, why) {
          over();
          reject(
            new QuorateError(code, "not-applied", `${endpoint} could not be asked for its status: ${why}.`, {
              endpoint,
            }),
          );
        },
      };
      if (signal?.aborted === true) return aborted();
      signal?.addEventListener("abort", aborted, { once: true });
      this.#open.add(request);
      look(0);
    });
  }

  /** Returns when to look again. */
  look(nowMs: number): number {
    let nextMs = Infinity;
    for (const request of [...this.#open]) {
      const { link } = request;
      if (nowMs >= request.deadlineMs) request.fail("DEADLINE", `no answer within ${request.timeoutMs} ms`);
      else if (!request.asked && link.isOpen) {
        request.asked = true;
        link.ask((id) => ({ kind: "status", id }), request);
      } else if (!request.asked && link.state === "idle") {
        // Once is enough: who asks for a status wants to know how it is now.
        if (request.dialled) request.fail("NO_REPLICA", link.why);
        else {
          request.dialled = true;
          link.dial();
        }
      }
      nextMs = Math.min(nextMs, request.deadlineMs);
    }
    return nextMs;
  }

  close(): void {
    for (const request of [...this.#open]) request.fail("CLOSED", "the client is closed");
  }
}
