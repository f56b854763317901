/** Why a socket ended. */
export interface SocketEnd {
  /** The WebSocket close code; 1006 where the connection just broke. */
  readonly code: number;
  readonly reason: string;
  /** Nobody listens at that address: the process is gone, or was never there. */
  readonly refused: boolean;
}

/** What a socket tells its owner: `opened` at most once and first, `closed` once and last; never in the turn of the call that made it. */
export interface SocketEvents {
  opened(): void;
  /** The bytes are the socket's: whoever keeps some of them copies them. */
  message(bytes: Uint8Array): void;
  /** Any sign of life, messages included. */
  alive(): void;
  /** Everything that was sent has been handed to the network. */
  drained(): void;
  closed(end: SocketEnd): void;
}

/** The one shape of a WebSocket here, whoever made it. */
export interface Socket {
  /** One binary message. Its bytes must not change afterwards. Lost once the socket is closing. */
  send(message: Uint8Array): void;
  /** Bytes not yet handed to the network. */
  readonly queuedBytes: number;
  /** Asks for a sign of life, where the platform can. */
  ping(): void;
  /** Says why and ends it; breaks the connection if the other side does not agree within seconds. Then `closed`, once. */
  close(code: number, reason: string): void;
  /** Breaks it. Then `closed`, once. */
  terminate(): void;
}

/** Starts a connection. */
export type OpenSocket = (url: string, events: SocketEvents) => Socket;

/** The longest reason that a close frame can hold, in bytes (RFC 6455, section 5.5). */
const REASON_BYTES_MAX = 123;

/** A reason cut to what a close frame can hold. */
export function fitReason(reason: string): string {
  let fitted = reason.slice(0, REASON_BYTES_MAX);
  const encoder = new TextEncoder();
  while (encoder.encode(fitted).length > REASON_BYTES_MAX) fitted = fitted.slice(0, -1);
  return fitted;
}
