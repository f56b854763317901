import type { PeerMessage, Transport } from "@quorate/log";
import type { Clock } from "@quorate/machine";
import type { Speaker } from "@quorate/paxos";
import {
  decodePeerHello,
  encodePeerMessage,
  encodeSpeaker,
  joinItems,
  type PeerHello,
  type Said,
} from "../codec/index.ts";
import { type Counters, createCounters } from "../counters.ts";
import { CloseCode, type HandshakeRefusal, refuseFrame, refusePeer, type Self } from "../handshake.ts";
import { NET_LIMITS, type NetLimits } from "../limits.ts";
import { type NodeTls, nodeSocket, probe } from "../websocket/node.ts";
import type { Socket, SocketEvents } from "../websocket/socket.ts";
import { PeerLink, type PeerStatus } from "./peer-link.ts";

/** Where the peers are, and who this is. */
export interface PeerTransportOptions {
  readonly cluster: string;
  readonly node: number;
  /** This node's incarnation as its host knows it; 0 while it does not. Told to peers for people to see; every frame carries the one that counts. Default: 0. */
  readonly incarnation?: () => number;
  /** `ws://host:port` or `wss://host:port` by node: where that node listens. This node's own is ignored. */
  readonly peers: ReadonlyMap<number, string>;
  readonly clock: Clock;
  /** Random, another one at each start: spreads the pauses between attempts. */
  readonly seed: number;
  /** The secret that all nodes share. Default: none. */
  readonly credential?: string;
  /** What is shown and trusted when dialling `wss:`. */
  readonly tls?: NodeTls;
  readonly limits?: Partial<NetLimits>;
}

/** The transport over WebSocket. */
export interface PeerTransport extends Transport {
  /** Takes a connection that came in at the path for peers. */
  accept(make: (events: SocketEvents) => Socket): void;
  /** One for every peer, ascending by node. */
  status(): readonly PeerStatus[];
  counters(): Readonly<Record<string, number>>;
}

/** The path at which a node takes its peers. */
export const PEER_PATH = "/peer";

/** What goes to one peer in this turn. The lists are kept from turn to turn, and filled up to `count`. */
interface Outgoing {
  readonly link: PeerLink;
  parts: Uint8Array[];
  /** The last speaker's item that was put in. */
  speaker: Uint8Array | null;
}

/** See {@link PeerTransport}. Dials nobody before `open`. */
export function createPeerTransport(options: PeerTransportOptions): PeerTransport {
  return new WebSocketTransport(options);
}

class WebSocketTransport implements PeerTransport {
  readonly #self: Self;
  readonly #clock: Clock;
  readonly #limits: NetLimits;
  readonly #counters: Counters = createCounters();
  readonly #peers = new Map<number, Outgoing>();
  readonly #waiting = new Set<Socket>();
  #receive: ((from: Speaker, group: number, message: PeerMessage) => void) | null = null;
  #refused: ((node: number) => void) | null = null;
  #closed = false;
  // The speaker said last, and its item: most turns have one.
  #speaker: Speaker | null = null;
  #group = -1;
  #speakerItem: Uint8Array = new Uint8Array(0);

  constructor(options: PeerTransportOptions) {
    const { cluster, node, peers, clock, seed, credential = "", incarnation = (): number => 0, tls = {} } = options;
    const limits = { ...NET_LIMITS, ...options.limits };
    this.#self = { cluster, node, credential };
    this.#clock = clock;
    this.#limits = limits;
    const openSocket = nodeSocket({
      frameBytesMax: limits.peerFrameBytesMax,
      connectMs: limits.helloMs,
      plainMask: true,
      tls,
    });
    for (const [peer, endpoint] of [...peers].sort(([a], [b]) => a - b)) {
      if (peer === node) continue;
      const link = new PeerLink({
        self: this.#self,
        incarnation,
        node: peer,
        endpoint: endpoint.replace(/\/+$/, "") + PEER_PATH,
        clock,
        seed,
        limits,
        counters: this.#counters,
        openSocket,
        probe,
        receive: (said) => this.#take(said),
        refused: () => {
          this.#counters.add("redials-refused");
          this.#refused?.(peer);
        },
      });
      this.#peers.set(peer, { link, parts: [], speaker: null });
    }
  }

  open(receive: (from: Speaker, group: number, message: PeerMessage) => void, refused: (node: number) => void): void {
    this.#receive = receive;
    this.#refused = refused;
    for (const { link } of this.#peers.values()) link.start();
  }

  send(group: number, speaker: Speaker, to: readonly number[], message: PeerMessage): void {
    let item: Uint8Array | null = null;
    for (const node of to) {
      const peer = this.#peers.get(node);
      if (peer === undefined) {
        if (node !== this.#self.node) this.#counters.add("messages-to-unknown-node");
        continue;
      }
      if (!peer.link.isOpen) continue;
      const speakerItem = this.#speakerItemOf(group, speaker);
      if (peer.speaker !== speakerItem) {
        peer.speaker = speakerItem;
        peer.parts.push(speakerItem);
      }
      item ??= encodePeerMessage(message);
      peer.parts.push(item);
    }
  }

  endTurn(): void {
    let parts: readonly Uint8Array[] = [];
    let frame: Uint8Array | null = null;
    for (const peer of this.#peers.values()) {
      if (peer.parts.length === 0) continue;
      // What goes to several peers alike is put together once.
      if (frame === null || !sameParts(parts, peer.parts)) {
        parts = peer.parts;
        frame = joinItems(peer.parts);
      }
      peer.parts = [];
      peer.speaker = null;
      peer.link.send(frame);
    }
  }

  queuedBytes(node: number): number {
    return this.#peers.get(node)?.link.queuedBytes ?? 0;
  }

  close(): void {
    this.#closed = true;
    this.#receive = null;
    this.#refused = null;
    for (const { link } of this.#peers.values()) link.close();
    for (const socket of this.#waiting) socket.close(CloseCode.goingAway, "the node stops");
    this.#waiting.clear();
  }

  status(): readonly PeerStatus[] {
    return [...this.#peers.values()].map(({ link }) => link.status());
  }

  counters(): Readonly<Record<string, number>> {
    return this.#counters.read();
  }

  accept(make: (events: SocketEvents) => Socket): void {
    let adopted: SocketEvents | null = null;
    const refuse = ({ counter, code, reason }: HandshakeRefusal): void => {
      this.#counters.add(counter);
      this.#waiting.delete(socket);
      socket.close(code, reason);
    };
    const socket = make({
      opened: () => undefined,
      message: (bytes) => {
        if (adopted !== null) return adopted.message(bytes);
        if (!this.#waiting.has(socket)) return;
        let hello: PeerHello;
        try {
          hello = decodePeerHello(bytes);
        } catch (error) {
          return refuse(refuseFrame(error));
        }
        const refusal = refusePeer(this.#self, hello, 0, (node) => node < this.#self.node && this.#peers.has(node));
        if (refusal !== null) return refuse(refusal);
        this.#waiting.delete(socket);
        cancel();
        adopted = this.#peers.get(hello.node)!.link.adopt(socket, hello);
      },
      alive: () => adopted?.alive(),
      drained: () => adopted?.drained(),
      closed: (end) => {
        cancel();
        this.#waiting.delete(socket);
        adopted?.closed(end);
      },
    });
    const cancel = this.#clock.after(this.#limits.helloMs, () => {
      refuse({ code: CloseCode.silent, reason: "no hello came", counter: "refused-without-hello" });
    });
    if (this.#closed || this.#receive === null) {
      socket.close(CloseCode.goingAway, "the node does not serve");
      return cancel();
    }
    this.#waiting.add(socket);
  }

  #take(said: readonly Said[]): void {
    for (const { from, group, message } of said) this.#receive?.(from, group, message);
  }

  #speakerItemOf(group: number, speaker: Speaker): Uint8Array {
    const last = this.#speaker;
    if (
      last === null ||
      this.#group !== group ||
      last.unit !== speaker.unit ||
      last.unitAtStart !== speaker.unitAtStart ||
      last.life !== speaker.life ||
      last.incarnation !== speaker.incarnation ||
      last.node !== speaker.node
    ) {
      // A copy: hosts may reuse the object.
      this.#speaker = { ...speaker };
      this.#group = group;
      this.#speakerItem = encodeSpeaker(group, speaker);
    }
    return this.#speakerItem;
  }
}

function sameParts(a: readonly Uint8Array[], b: readonly Uint8Array[]): boolean {
  return a.length === b.length && a.every((part, index) => part === b[index]);
}
