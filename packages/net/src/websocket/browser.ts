import { SUB_PROTOCOL } from "../codec/index.ts";
import { fitReason, type OpenSocket, type Socket, type SocketEvents } from "./socket.ts";

/** The part of a browser's `WebSocket` that is used here. */
export interface PlatformSocket {
  binaryType: string;
  readonly bufferedAmount: number;
  readonly readyState: number;
  send(data: Uint8Array): void;
  close(code?: number, reason?: string): void;
  onopen: (() => void) | null;
  onmessage: ((event: { readonly data: unknown }) => void) | null;
  onclose: ((event: { readonly code: number; readonly reason: string }) => void) | null;
  onerror: (() => void) | null;
}

/** A browser's `WebSocket` constructor. */
export type PlatformWebSocket = new (url: string, protocols: string[]) => PlatformSocket;

const OPEN = 1;

/**
 * Opens sockets with the `WebSocket` of a browser (or of any platform that has one).
 *
 * @param make - `globalThis.WebSocket`, unless another is wanted.
 */
export function browserSocket(make?: PlatformWebSocket): OpenSocket {
  return (url, events) => {
    const Platform = make ?? (globalThis as unknown as { WebSocket?: PlatformWebSocket }).WebSocket;
    if (Platform === undefined) throw new Error("this platform has no WebSocket: hand one to browserSocket()");
    return wrap(new Platform(url, [SUB_PROTOCOL]), events);
  };
}

function wrap(socket: PlatformSocket, events: SocketEvents): Socket {
  let ended = false;
  const end = (code: number, reason: string): void => {
    if (ended) return;
    ended = true;
    // A browser does not tell why it could not connect.
    events.closed({ code, reason, refused: false });
  };
  socket.binaryType = "arraybuffer";
  socket.onopen = () => events.opened();
  socket.onmessage = ({ data }) => {
    if (ended) return;
    events.alive();
    if (data instanceof ArrayBuffer) events.message(new Uint8Array(data));
    else socket.close(4000, "frames are binary");
  };
  socket.onerror = () => undefined; // `close` follows, and says as much as there is to say.
  socket.onclose = ({ code, reason }) => end(code, reason);
  return {
    send(message) {
      if (socket.readyState === OPEN) socket.send(message);
    },
    get queuedBytes() {
      return socket.bufferedAmount;
    },
    ping: () => undefined,
    close: (code, reason) => socket.close(code, fitReason(reason)),
    terminate: () => socket.close(4000, ""),
  };
}
