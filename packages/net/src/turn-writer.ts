import type { Clock } from "@quorate/machine";
import type { Socket } from "./websocket/socket.ts";

/** Gathers what one turn has to say on one connection, and sends it as one message. */
export interface TurnWriter<F> {
  /** Leaves at the end of the turn. */
  write(frame: F): void;
  /** What was written leaves now. */
  flush(): void;
  /** Everything written and not yet sent is dropped, and so is what follows. */
  close(): void;
}

/** What a writer needs to know. */
export interface TurnWriterOptions<F> {
  readonly clock: Clock;
  readonly socket: Socket;
  /** All frames of a turn as one message. */
  encode(frames: readonly F[]): Uint8Array;
  /** A turn that says more than this leaves as several messages; one frame is never cut. */
  readonly messageBytesMax: number;
  /** Bytes that may wait on the socket. */
  readonly queueBytesMax: number;
  /** The other side takes too little: what waits went beyond `queueBytesMax`. Told once; nothing is sent any more. */
  shed(queuedBytes: number): void;
}

/** See {@link TurnWriter}. */
export function createTurnWriter<F>(options: TurnWriterOptions<F>): TurnWriter<F> {
  const { clock, socket, encode, messageBytesMax, queueBytesMax, shed } = options;
  let frames: F[] = [];
  let scheduled = false;
  let closed = false;

  function flush(): void {
    if (closed || frames.length === 0) return;
    const messages = messagesOf(frames);
    frames = [];
    // One turn may be longer than the limit; what is limited is what piles up behind it.
    const queuedBytes = socket.queuedBytes;
    if (queuedBytes > queueBytesMax) {
      closed = true;
      shed(queuedBytes);
      return;
    }
    for (const message of messages) socket.send(message);
  }

  function messagesOf(some: readonly F[]): readonly Uint8Array[] {
    const message = encode(some);
    if (message.length <= messageBytesMax || some.length === 1) return [message];
    const half = some.length >> 1;
    return [...messagesOf(some.slice(0, half)), ...messagesOf(some.slice(half))];
  }

  return {
    write(frame) {
      if (closed) return;
      frames.push(frame);
      if (scheduled) return;
      scheduled = true;
      clock.endOfTurn(() => {
        scheduled = false;
        flush();
      });
    },
    flush,
    close() {
      closed = true;
      frames = [];
    },
  };
}
