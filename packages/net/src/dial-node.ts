import type { Dial } from "@quorate/client";
import { dialOver, type DialWebSocketOptions } from "./dial-websocket.ts";
import { type NodeTls, nodeSocket } from "./websocket/node.ts";

/** As {@link DialWebSocketOptions}, without the socket. */
export interface DialNodeOptions extends Omit<DialWebSocketOptions, "openSocket"> {
  /** For `wss:` endpoints. */
  readonly tls?: NodeTls;
  /** Bytes of one message from a replica. Default 64 MiB. */
  readonly frameBytesMax?: number;
}

/** Dials replicas from Node. */
export function dialWebSocket(options: DialNodeOptions): Dial {
  const { tls = {}, frameBytesMax = 64 * 1024 * 1024, ...rest } = options;
  const connectMs = options.helloMs ?? 5000;
  return dialOver({ ...rest, openSocket: nodeSocket({ frameBytesMax, connectMs, plainMask: false, tls }) });
}
