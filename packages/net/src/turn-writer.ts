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
  /** Bytes that may wait on the socket. */
  readonly queueBytesMax: number;
  /** The other side takes too little: what waits went beyond `queueBytesMax`. Told once; nothing is sent any more. */
  shed(queuedBytes: number): void;
}

/** See {@link TurnWriter}. */
export function createTurnWriter<F>(options: TurnWriterOptions<F>): TurnWriter<F> {
  const { clock, socket, encode, queueBytesMax, shed } = options;
  let frames: F[] = [];
  let scheduled = false;
  let closed = false;

  function flush(): void {
    if (closed || frames.length === 0) return;
    const message = encode(frames);
    frames = [];
    // One message may be longer than the limit; what is limited is what piles up behind it.
    const queuedBytes = socket.queuedBytes;
    if (queuedBytes > queueBytesMax) {
      closed = true;
      shed(queuedBytes);
      return;
    }
    socket.send(message);
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
