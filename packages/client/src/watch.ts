import type { QuorateError, Reply } from "@quorate/machine";
import type { ErrorFrame, EventFrame, ServerFrame } from "./dial.ts";
import type { Exchange, Link } from "./link.ts";

/** A replica ended a watch, and can serve it again. */
export type WatchEndedFrame = Extract<ServerFrame, { kind: "watch-ended" }>;

/** What a watch needs of its client. */
export interface WatchOwner {
  /** An open link to ask, or null: `resume` is called when there may be one. */
  target(): Link | null;
  /** The replica ended it. The error that this is to the caller; null: it is to be asked again, in a later turn. */
  refused(link: Link, frame: ErrorFrame | WatchEndedFrame): QuorateError | null;
  /** When a watch that was ended `refusals` times in a row, without an event between, may be asked again. */
  againMs(refusals: number): number;
  nowMs(): number;
  /** What any answer of this client has shown. */
  minRevision(): number;
  /** It is over. */
  ended(watch: Watch): void;
}

/** An event costs this beside its bytes. */
const EVENT_BYTES = 1;

/**
 * One watch through all its connections. After each it is asked anew, behind the last event that its reader took; events that were not taken
 * are dropped and come again. The replica sends no more than a window, so a slow reader holds nothing but that.
 */
export class Watch implements Exchange {
  /** Not asked again before this. */
  notBeforeMs = 0;
  /** Runs once at its end. */
  whenOver: () => void = () => undefined;
  readonly #owner: WatchOwner;
  readonly #machine: string;
  readonly #request: (afterRevision: number) => Uint8Array;
  readonly #windowBytes: number;
  #events: EventFrame[] = [];
  #head = 0;
  #link: Link | null = null;
  #id = 0;
  /** Taken by the reader, and not yet given back to the replica as window. */
  #takenBytes = 0;
  /** Everything to here was taken by the reader. */
  #afterRevision = 0;
  #reader: ((result: IteratorResult<Reply, undefined>) => void) | null = null;
  #fail: ((error: QuorateError) => void) | null = null;
  #error: QuorateError | null = null;
  #over = false;
  #refusals = 0;

  constructor(owner: WatchOwner, machine: string, request: (afterRevision: number) => Uint8Array, windowBytes: number) {
    this.#owner = owner;
    this.#machine = machine;
    this.#request = request;
    this.#windowBytes = windowBytes;
  }

  /** Whether it waits for a link. */
  get isWaiting(): boolean {
    return !this.#over && this.#link === null;
  }

  /** Asks, if it is not asked and there is a link. */
  resume(): void {
    if (!this.isWaiting || this.#owner.nowMs() < this.notBeforeMs) return;
    const link = this.#owner.target();
    if (link === null) return;
    this.#events = [];
    this.#head = 0;
    this.#takenBytes = 0;
    const request = this.#request(this.#afterRevision);
    this.#link = link;
    this.#id = link.ask(
      (id) => ({
        kind: "watch",
        id,
        minRevision: Math.max(this.#afterRevision, this.#owner.minRevision()),
        windowBytes: this.#windowBytes,
        machine: this.#machine,
        request,
      }),
      this,
    );
  }

  received(frame: ServerFrame, link: Link): void {
    if (this.#over || this.#link !== link) return;
    switch (frame.kind) {
      case "event":
        this.#refusals = 0;
        if (this.#reader === null) {
          this.#events.push(frame);
          return;
        }
        return this.#take(this.#reader, frame);
      case "error":
      case "watch-ended": {
        this.#link = null;
        this.notBeforeMs = this.#owner.againMs(this.#refusals);
        this.#refusals += 1;
        const error = this.#owner.refused(link, frame);
        if (error !== null) this.end(error);
        return;
      }
      default:
        this.#link = null;
        return link.fail(`answered a watch with a ${frame.kind}`);
    }
  }

  /** Asked again when the client looks for links next. */
  lost(): void {
    this.#link = null;
  }

  /** Ends it: with an error the reader gets it once it has taken what is here. */
  end(error: QuorateError | null): void {
    if (this.#over) return;
    this.#over = true;
    this.#error = error;
    this.#link?.forget(this.#id);
    this.#link = null;
    if (error === null) this.#events = [];
    const reader = this.#reader;
    const fail = this.#fail;
    this.#reader = null;
    this.#fail = null;
    if (error !== null && fail !== null) {
      this.#error = null;
      fail(error);
    } else reader?.({ done: true, value: undefined });
    this.whenOver();
    this.#owner.ended(this);
  }

  /** The next event. One reader at a time. */
  next(): Promise<IteratorResult<Reply, undefined>> {
    return new Promise((resolve, reject) => {
      const event = this.#events[this.#head];
      if (event !== undefined) {
        this.#head += 1;
        if (this.#head === this.#events.length) {
          this.#events = [];
          this.#head = 0;
        }
        return this.#take(resolve, event);
      }
      if (this.#error !== null) {
        const error = this.#error;
        this.#error = null;
        return reject(error);
      }
      if (this.#over) return resolve({ done: true, value: undefined });
      this.#reader = resolve;
      this.#fail = reject;
    });
  }

  #take(reader: (result: IteratorResult<Reply, undefined>) => void, { bytes, revision }: EventFrame): void {
    this.#reader = null;
    this.#fail = null;
    this.#takenBytes += bytes.length + EVENT_BYTES;
    if (this.#takenBytes >= this.#windowBytes / 2 && this.#link !== null) {
      this.#link.tell({ kind: "more", id: this.#id, bytes: this.#takenBytes });
      this.#takenBytes = 0;
    }
    if (revision > 0) this.#afterRevision = Math.max(this.#afterRevision, revision);
    reader({ done: false, value: { bytes, revision: this.#afterRevision, logTimeMs: 0 } });
  }
}
