import type { ClientFrame, ConnectionEnd, Dial, ServerFrame, ServerHello } from "@quorate/client";
import type { Clock } from "@quorate/machine";
import { decodeServerFrames, decodeServerHello, encodeClientFrames, encodeClientHello } from "./codec/index.ts";
import { CloseCode, refuseFrame } from "./handshake.ts";
import { TURN_MESSAGE_BYTES_MAX } from "./limits.ts";
import { createTurnWriter, type TurnWriter } from "./turn-writer.ts";
import type { OpenSocket, Socket, SocketEnd } from "./websocket/socket.ts";

/** How clients reach replicas. */
export interface DialWebSocketOptions {
  readonly clock: Clock;
  /** `nodeSocket(…)` or `browserSocket()`. */
  readonly openSocket: OpenSocket;
  /** The cluster that must answer. Default: any. */
  readonly cluster?: string;
  /** Default: none. */
  readonly credential?: string;
  /** Milliseconds from dialling to the replica's hello. Default 5,000. */
  readonly helloMs?: number;
  /** Bytes that may wait to be sent; beyond it the connection is given up. Default 64 MiB. */
  readonly queueBytesMax?: number;
}

/** The path at which a node takes clients. */
export const CLIENT_PATH = "/client";

/** Dials replicas at `ws://host:port` or `wss://host:port`. */
export function dialOver(options: DialWebSocketOptions): Dial {
  const {
    clock,
    openSocket,
    cluster = "",
    credential = "",
    helloMs = 5000,
    queueBytesMax = 64 * 1024 * 1024,
  } = options;
  return (endpoint, events) => {
    // What was sent before the connection opened.
    let early: ClientFrame[] = [];
    let writer: TurnWriter<ClientFrame> | null = null;
    let open = false;
    let ended = false;
    let cancelHello: () => void = () => undefined;

    const end = (why: ConnectionEnd, tell: boolean): void => {
      if (ended) return;
      ended = true;
      cancelHello();
      writer?.close();
      early = [];
      if (tell) events.closed(why);
    };
    const fail = (code: number, why: string): void => {
      socket.close(code, why);
      end({ code: "", why }, true);
    };

    let socket: Socket;
    try {
      socket = openSocket(endpoint.replace(/\/+$/, "") + CLIENT_PATH, {
        opened() {
          if (!ended) socket.send(encodeClientHello({ cluster, credential }));
        },
        message(bytes) {
          if (ended) return;
          let frames: readonly ServerFrame[] = [];
          let hello: ServerHello | null = null;
          try {
            if (open) frames = decodeServerFrames(bytes);
            else hello = decodeServerHello(bytes);
          } catch (error) {
            const { code, reason } = refuseFrame(error);
            return fail(code, `the replica at ${endpoint} broke the protocol: ${reason}`);
          }
          if (hello !== null) {
            if (cluster !== "" && hello.cluster !== cluster) {
              socket.close(CloseCode.wrongCluster, `expected cluster "${cluster}"`);
              return end({ code: "WRONG_CLUSTER", why: `it is cluster "${hello.cluster}", not "${cluster}"` }, true);
            }
            open = true;
            cancelHello();
            writer = createTurnWriter<ClientFrame>({
              clock,
              socket,
              encode: encodeClientFrames,
              messageBytesMax: TURN_MESSAGE_BYTES_MAX,
              queueBytesMax,
              shed: (queuedBytes) =>
                fail(CloseCode.slow, `${queuedBytes} bytes wait to be sent: the replica takes too little`),
            });
            for (const frame of early) writer.write(frame);
            early = [];
            events.opened(hello);
          }
          for (const frame of frames) {
            if (ended) return;
            events.received(frame);
          }
        },
        alive: () => undefined,
        drained: () => undefined,
        closed: (why) => end(connectionEnd(why), true),
      });
    } catch (error) {
      // A URL that is none: told like any other failure, in a later turn.
      clock.endOfTurn(() => end({ code: "", why: error instanceof Error ? error.message : String(error) }, true));
      return { send: () => undefined, queuedBytes: 0, close: () => end({ code: "", why: "" }, false) };
    }
    cancelHello = clock.after(helloMs, () => {
      fail(CloseCode.silent, `no hello came within ${helloMs} ms`);
    });

    return {
      send(frame) {
        if (writer !== null) writer.write(frame);
        else if (!ended) early.push(frame);
      },
      get queuedBytes() {
        return socket.queuedBytes;
      },
      close() {
        if (ended) return;
        writer?.flush();
        end({ code: "", why: "" }, false);
        socket.close(1000, "");
      },
    };
  };
}

function connectionEnd({ code, reason, refused }: SocketEnd): ConnectionEnd {
  const words = reason === "" ? `connection ended (${code})` : reason;
  if (code === CloseCode.wrongCluster) return { code: "WRONG_CLUSTER", why: words };
  if (code === CloseCode.denied) return { code: "DENIED", why: words };
  return { code: "", why: refused ? "connection refused: no process listens there" : words };
}
