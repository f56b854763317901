import { createServer as createHttpServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { createServer as createHttpsServer } from "node:https";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";
import type { Done } from "@quorate/log";
import { QuorateError } from "@quorate/machine";
import { WebSocketServer } from "ws";
import { SUB_PROTOCOL } from "../codec/index.ts";
import { createCounters } from "../counters.ts";
import { CLIENT_PATH } from "../dial-websocket.ts";
import { NET_LIMITS, type NetLimits } from "../limits.ts";
import { isLoopback } from "../loopback.ts";
import { PEER_PATH, type PeerTransport } from "../peers/peer-transport.ts";
import { type NodeTls, wrapNodeSocket } from "../websocket/node.ts";
import type { ClientPort } from "./client-port.ts";

/** One port for peers, clients and HTTP. */
export interface ListenOptions {
  /** Address or name to listen at, for example `127.0.0.1`. */
  readonly host: string;
  /** 0: chosen by the system. */
  readonly port: number;
  /**
   * Without TLS, any address but loopback needs this: whoever reaches the port can then read and change everything. Default false.
   */
  readonly insecure?: boolean;
  /** Serves `wss:` and `https:`. With a `ca`, who connects must show a certificate that it signed. */
  readonly tls?: NodeTls;
  /**
   * Origins of the pages that may connect from a browser, for example `https://admin.example.org`. A page served from this very port
   * may always, as long as it was asked for as `localhost` or by number: a name could have been made to point here by anybody.
   */
  readonly origins?: readonly string[];
  readonly peers?: PeerTransport;
  readonly clients?: ClientPort;
  /** Every request that is no WebSocket. Default: 404. */
  readonly http?: (request: IncomingMessage, response: ServerResponse) => void;
  readonly limits?: Partial<NetLimits>;
}

/** Milliseconds between the close frames of a port that ends and the end of its connections. */
const GOODBYE_MS = 300;

/** A port that listens. */
export interface Listener {
  readonly host: string;
  /** As chosen by the system, if it was left to it. */
  readonly port: number;
  /** `ws://host:port` or `wss://host:port`. */
  readonly endpoint: string;
  counters(): Readonly<Record<string, number>>;
  /** Takes nobody any more and closes every connection. */
  close(done: () => void): void;
}

/**
 * Listens. Errors: `PORT_IN_USE` for a port that is taken or not allowed, `BAD_OPTION` for an address that needs `insecure` or TLS.
 */
export function listen(options: ListenOptions, done: Done<Listener>): void {
  const { host, port, insecure = false, tls, peers, clients } = options;
  const limits = { ...NET_LIMITS, ...options.limits };
  const counters = createCounters();
  const fail = (error: QuorateError): void => done(error, null as never);
  if (tls === undefined && !insecure && !isLoopback(host)) {
    const message = `refused to listen at ${host}: without TLS everybody who reaches that address can read and change everything. Give \`tls\`, listen at 127.0.0.1, or say \`insecure: true\``;
    return void setImmediate(fail, new QuorateError("BAD_OPTION", "not-applied", message, { host, port }));
  }
  const handle =
    options.http ??
    ((_request: IncomingMessage, response: ServerResponse): void => void response.writeHead(404).end("not found\n"));
  const server: Server =
    tls === undefined
      ? createHttpServer(handle)
      : createHttpsServer(
          { ...tls, requestCert: tls.ca !== undefined, rejectUnauthorized: tls.ca !== undefined },
          handle,
        );
  const shared = {
    noServer: true,
    perMessageDeflate: false,
    skipUTF8Validation: true,
    clientTracking: false,
    handleProtocols: (offered: Set<string>): string | false => (offered.has(SUB_PROTOCOL) ? SUB_PROTOCOL : false),
  } as const;
  const peerSockets = new WebSocketServer({ ...shared, maxPayload: limits.peerFrameBytesMax });
  const clientSockets = new WebSocketServer({ ...shared, maxPayload: limits.clientFrameBytesMax });

  /** Connections that are sockets by now: the HTTP server waits for them at its end, but does not end them. */
  const upgraded = new Set<Duplex>();

  server.on("upgrade", (request: IncomingMessage, stream: Duplex, head: Buffer) => {
    stream.on("error", () => counters.add("broken-connections"));
    upgraded.add(stream);
    stream.on("close", () => upgraded.delete(stream));
    const refuse = (status: string, counter: string, words: string): void => {
      counters.add(counter);
      stream.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Type: text/plain\r\n\r\n${words}\n`);
    };
    const path = (request.url ?? "").split("?")[0];
    const offered = (request.headers["sec-websocket-protocol"] ?? "").split(",").map((name) => name.trim());
    if (!offered.includes(SUB_PROTOCOL)) {
      return refuse("400 Bad Request", "refused-wrong-protocol", `the sub-protocol is ${SUB_PROTOCOL}`);
    }
    const { origin, host: asked } = request.headers;
    if (path === PEER_PATH && peers !== undefined) {
      if (origin !== undefined) return refuse("403 Forbidden", "refused-origin", "peers are no pages");
      return peerSockets.handleUpgrade(request, stream, head, (socket) => {
        peers.accept((events) => wrapNodeSocket(socket, events));
      });
    }
    if (path === CLIENT_PATH && clients !== undefined) {
      if (origin !== undefined && !isWelcomeOrigin(origin, asked, options.origins ?? [])) {
        return refuse("403 Forbidden", "refused-origin", `pages of ${origin} may not connect: name it in \`origins\``);
      }
      return clientSockets.handleUpgrade(request, stream, head, (socket) => {
        clients.accept((events) => wrapNodeSocket(socket, events));
      });
    }
    refuse("404 Not Found", "refused-path", `sockets are taken at ${PEER_PATH} and ${CLIENT_PATH}`);
  });
  server.on("connection", (socket) => socket.setNoDelay(true));

  const refused = (cause: NodeJS.ErrnoException): void => {
    const taken = cause.code === "EADDRINUSE" || cause.code === "EACCES";
    const why = cause.code === "EADDRINUSE" ? "another process listens there" : cause.message;
    const message = `could not listen at ${host}:${port}: ${why}. Choose another port, or 0 to have one chosen`;
    fail(new QuorateError(taken ? "PORT_IN_USE" : "BAD_OPTION", "not-applied", message, { host, port }, null, cause));
  };
  server.once("error", refused);
  server.listen(port, host, () => {
    server.off("error", refused);
    server.on("error", () => counters.add("listener-errors"));
    const address = server.address() as AddressInfo;
    const shown = host.includes(":") ? `[${host}]` : host;
    done(null, {
      host,
      port: address.port,
      endpoint: `${tls === undefined ? "ws" : "wss"}://${shown}:${address.port}`,
      counters: () => counters.read(),
      close(closed) {
        clients?.close();
        // Those who do not say goodbye in time are hung up on.
        const hangUp = setTimeout(() => {
          for (const stream of upgraded) stream.destroy();
        }, GOODBYE_MS);
        server.close(() => {
          clearTimeout(hangUp);
          closed();
        });
        server.closeAllConnections();
      },
    });
  });
}

function isWelcomeOrigin(origin: string, asked: string | undefined, origins: readonly string[]): boolean {
  if (origins.includes(origin)) return true;
  if (asked === undefined || !URL.canParse(origin)) return false;
  const { host, hostname } = new URL(origin);
  return host === asked && (hostname === "localhost" || /^[\d.]+$/.test(hostname) || hostname.startsWith("["));
}
