import { connect } from "node:net";
import { WebSocket } from "ws";
import { SUB_PROTOCOL } from "../codec/index.ts";
import { isLoopback } from "../loopback.ts";
import { fitReason, type OpenSocket, type Socket, type SocketEvents } from "./socket.ts";

/** Options of a socket that Node opens. */
export interface NodeSocketOptions {
  /** Bytes of one message; a longer one ends the connection with code 1009. */
  readonly frameBytesMax: number;
  /** Milliseconds until an attempt to connect is given up. */
  readonly connectMs: number;
  /**
   * Leaves frames unmasked (a mask of zeros) even where they could be seen on the way. The mask protects proxies there from bytes that a hostile
   * page chose; between peers there is neither, and the time is better spent.
   */
  readonly plainMask: boolean;
  /** For `wss:`. */
  readonly tls: NodeTls;
}

/** What a side of a TLS connection shows and trusts; PEM. */
export interface NodeTls {
  readonly ca?: string | Buffer;
  readonly cert?: string | Buffer;
  readonly key?: string | Buffer;
}

/** Opens sockets with `ws`. */
export function nodeSocket(options: NodeSocketOptions): OpenSocket {
  return (url, events) => {
    const unmasked = options.plainMask || isUnseen(url);
    const socket = new WebSocket(url, [SUB_PROTOCOL], {
      perMessageDeflate: false,
      maxPayload: options.frameBytesMax,
      handshakeTimeout: options.connectMs,
      skipUTF8Validation: true,
      ...(unmasked ? { generateMask: (mask: Buffer) => void mask.fill(0) } : {}),
      ...options.tls,
    });
    return wrapNodeSocket(socket, events);
  };
}

/** Whether no proxy on the way sees the frames: within TLS, and within one machine. */
function isUnseen(url: string): boolean {
  if (!URL.canParse(url)) return false;
  const { protocol, hostname } = new URL(url);
  return protocol === "wss:" || isLoopback(hostname);
}

interface SystemError extends Error {
  readonly code?: string;
  readonly errors?: readonly Error[];
}

function isRefused(error: SystemError | null): boolean {
  if (error === null) return false;
  // A name with several addresses fails with all their errors at once.
  if (error.errors !== undefined) return error.errors.length > 0 && error.errors.every((one) => isRefused(one));
  return error.code === "ECONNREFUSED";
}

/** A `ws` socket, dialled or accepted, in the one shape. */
export function wrapNodeSocket(socket: WebSocket, events: SocketEvents): Socket {
  let failure: SystemError | null = null;
  let waiting = 0;
  const sent = (): void => {
    waiting -= 1;
    if (waiting === 0 && socket.readyState === WebSocket.OPEN) events.drained();
  };
  socket.binaryType = "nodebuffer";
  socket.on("open", () => events.opened());
  socket.on("pong", () => events.alive());
  socket.on("ping", () => events.alive());
  socket.on("message", (data, isBinary) => {
    if (socket.readyState !== WebSocket.OPEN) return;
    events.alive();
    if (isBinary && data instanceof Uint8Array) events.message(data);
    else socket.close(4000, "frames are binary");
  });
  socket.on("error", (error: SystemError) => {
    failure ??= error;
  });
  socket.on("close", (code, reason) => {
    const words = reason.length > 0 ? reason.toString("utf8") : (failure?.message ?? "");
    events.closed({
      code,
      reason:
        words === "" && failure?.errors !== undefined ? failure.errors.map((one) => one.message).join("; ") : words,
      refused: isRefused(failure),
    });
  });
  return {
    send(message) {
      if (socket.readyState !== WebSocket.OPEN) return;
      waiting += 1;
      socket.send(message, sent);
    },
    get queuedBytes() {
      return socket.bufferedAmount;
    },
    ping() {
      if (socket.readyState === WebSocket.OPEN) socket.ping();
    },
    close: (code, reason) => socket.close(code, fitReason(reason)),
    terminate: () => socket.terminate(),
  };
}

/**
 * Finds out whether somebody listens at the host and port of `url`, and hangs up. `done` is told once, in a later turn: `refused`
 * only if the system of that host said that nobody does.
 *
 * @returns a function that gives up; then `done` is not called.
 */
export function probe(url: string, limitMs: number, done: (refused: boolean) => void): () => void {
  const { hostname, port, protocol } = new URL(url);
  const socket = connect({
    host: hostname.replace(/^\[|\]$/g, ""),
    port: port === "" ? (protocol === "wss:" ? 443 : 80) : Number(port),
  });
  let told = false;
  const tell = (refused: boolean): void => {
    if (told) return;
    told = true;
    socket.destroy();
    done(refused);
  };
  socket.setTimeout(limitMs, () => tell(false));
  socket.on("connect", () => tell(false));
  socket.on("error", (error: SystemError) => tell(isRefused(error)));
  return () => {
    told = true;
    socket.destroy();
  };
}
