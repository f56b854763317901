import { pauseMs } from "@quorate/client";
import type { Clock } from "@quorate/machine";
import { decodePeerFrame, decodePeerHello, encodePeerHello, type PeerHello, type Said } from "../codec/index.ts";
import type { Counters } from "../counters.ts";
import { CloseCode, type HandshakeRefusal, refuseFrame, refusePeer, type Self } from "../handshake.ts";
import type { NetLimits } from "../limits.ts";
import type { OpenSocket, Socket, SocketEnd, SocketEvents } from "../websocket/socket.ts";

/** How a link stands, for people and programs. */
export interface PeerStatus {
  readonly node: number;
  readonly endpoint: string;
  readonly state: "open" | "dialling" | "waiting";
  /** Why it is not open, as far as is known; empty while it is. */
  readonly why: string;
  readonly queuedBytes: number;
  /** As the peer's last hello said; 0: not known. */
  readonly incarnation: number;
}

/** What a link is made of. */
export interface PeerLinkOptions {
  readonly self: Self;
  /** This node's, as far as it is known. */
  readonly incarnation: () => number;
  readonly node: number;
  readonly endpoint: string;
  readonly clock: Clock;
  readonly seed: number;
  readonly limits: NetLimits;
  readonly counters: Counters;
  readonly openSocket: OpenSocket;
  /** See `probe`. */
  readonly probe: (url: string, limitMs: number, done: (refused: boolean) => void) => () => void;
  receive(said: readonly Said[]): void;
  /** A lost link, and its redial was refused (rule 22). */
  refused(): void;
}

/**
 * The one link to one peer. Of two nodes the one with the lower id dials. The other waits to be dialled; when it loses the link
 * it only looks whether the peer still listens, so that both learn of a process that is gone.
 */
export class PeerLink {
  readonly node: number;
  readonly #options: PeerLinkOptions;
  readonly #dials: boolean;
  #socket: Socket | null = null;
  #open = false;
  #closed = false;
  #wasOpen = false;
  #attempt = 0;
  #why = "not tried yet";
  #peerIncarnation = 0;
  #aliveMs = 0;
  #cancelPause: (() => void) | null = null;
  #cancelProbe: (() => void) | null = null;
  #cancelWatch: (() => void) | null = null;

  constructor(options: PeerLinkOptions) {
    this.node = options.node;
    this.#options = options;
    this.#dials = options.self.node < options.node;
  }

  get isOpen(): boolean {
    return this.#open;
  }

  get queuedBytes(): number {
    return this.#socket?.queuedBytes ?? 0;
  }

  status(): PeerStatus {
    return {
      node: this.node,
      endpoint: this.#options.endpoint,
      state: this.#open ? "open" : this.#socket !== null ? "dialling" : "waiting",
      why: this.#open ? "" : this.#why,
      queuedBytes: this.queuedBytes,
      incarnation: this.#peerIncarnation,
    };
  }

  start(): void {
    if (this.#dials) this.#dial();
    else this.#why = "waits to be dialled: the node with the lower id does";
  }

  /** One message; lost where there is no link, or too much waits already. */
  send(frame: Uint8Array): void {
    const { limits, counters } = this.#options;
    if (!this.#open || this.#socket === null) return counters.add("frames-lost-without-link");
    if (this.#socket.queuedBytes + frame.length > limits.peerQueueBytesMax && this.#socket.queuedBytes > 0) {
      return counters.add("frames-shed-by-slow-peer");
    }
    this.#socket.send(frame);
  }

  close(): void {
    this.#closed = true;
    this.#cancelTimers();
    this.#socket?.close(CloseCode.goingAway, "the node stops");
    this.#socket = null;
    this.#open = false;
  }

  /** Takes over a connection that the peer made, its hello read and found right. An earlier one is replaced. */
  adopt(socket: Socket, hello: PeerHello): SocketEvents {
    this.#socket?.close(CloseCode.replaced, "the same node came again");
    this.#cancelTimers();
    this.#socket = socket;
    socket.send(this.#hello());
    const events = this.#events(socket);
    this.#opened(hello);
    return events;
  }

  #hello(): Uint8Array {
    const { self, incarnation } = this.#options;
    return encodePeerHello({
      cluster: self.cluster,
      node: self.node,
      incarnation: incarnation(),
      credential: self.credential,
    });
  }

  #dial(): void {
    const { endpoint, openSocket } = this.#options;
    this.#cancelPause = null;
    // The socket tells nothing in the turn that makes it, so `made` is set before any event.
    let made: Socket | null = null;
    let events: SocketEvents | null = null;
    const own = (): SocketEvents => (events ??= this.#events(made!));
    const socket = openSocket(endpoint, {
      opened: () => own().opened(),
      message: (bytes) => own().message(bytes),
      alive: () => own().alive(),
      drained: () => own().drained(),
      closed: (end) => own().closed(end),
    });
    made = socket;
    this.#socket = socket;
    this.#watch();
  }

  #events(socket: Socket): SocketEvents {
    const { self, node, receive, counters } = this.#options;
    const current = (): boolean => this.#socket === socket;
    const drop = (refusal: HandshakeRefusal): void => {
      counters.add(refusal.counter);
      socket.close(refusal.code, refusal.reason);
      this.#lost(`closed: ${refusal.reason}`, false);
    };
    return {
      opened: () => {
        if (!current()) return socket.terminate();
        socket.send(this.#hello());
      },
      message: (bytes) => {
        if (!current()) return;
        let said: readonly Said[] | null = null;
        try {
          if (this.#open) said = decodePeerFrame(bytes, node);
          else {
            const hello = decodePeerHello(bytes);
            const refusal = refusePeer(self, hello, node, () => true);
            if (refusal !== null) return drop(refusal);
            return this.#opened(hello);
          }
        } catch (error) {
          return drop(refuseFrame(error));
        }
        receive(said);
      },
      alive: () => {
        this.#aliveMs = this.#options.clock.nowMs();
      },
      drained: () => undefined,
      closed: (end: SocketEnd) => {
        if (current()) this.#lost(end.reason === "" ? `connection ended (${end.code})` : end.reason, end.refused);
      },
    };
  }

  #opened(hello: PeerHello): void {
    this.#options.counters.add("links-opened");
    this.#open = true;
    this.#wasOpen = true;
    this.#attempt = 0;
    this.#why = "";
    this.#peerIncarnation = hello.incarnation;
    this.#watch();
  }

  #lost(why: string, refused: boolean): void {
    const wasOpen = this.#open;
    this.#cancelTimers();
    this.#socket = null;
    this.#open = false;
    this.#why = why;
    if (this.#closed) return;
    if (wasOpen) this.#options.counters.add("links-lost");
    if (refused && this.#wasOpen) this.#options.refused();
    this.#pause(wasOpen);
  }

  /** A lost link is tried again at once: that is how a dead process is told from a flapping link. */
  #pause(atOnce: boolean): void {
    const { clock, limits, seed, self } = this.#options;
    const again = (): void => (this.#dials ? this.#dial() : this.#look());
    const ms = atOnce ? 0 : pauseMs(limits.redialMsMin, limits.redialMsMax, this.#attempt, seed, self.node, this.node);
    if (!atOnce) this.#attempt += 1;
    this.#cancelPause = clock.after(ms, again);
  }

  #look(): void {
    const { endpoint, limits } = this.#options;
    this.#cancelPause = null;
    this.#cancelProbe = this.#options.probe(endpoint, limits.helloMs, (refused) => {
      this.#cancelProbe = null;
      if (this.#closed || this.#socket !== null) return;
      this.#why = refused ? "nobody listens there" : "waits to be dialled: the node with the lower id does";
      if (refused) this.#options.refused();
      this.#pause(false);
    });
  }

  /** Asks a silent link for a sign of life, and ends it when there is none; also a handshake that does not come to its end. */
  #watch(): void {
    const { clock, limits, counters } = this.#options;
    this.#cancelWatch?.();
    this.#aliveMs = clock.nowMs();
    const look = (): void => {
      const silentMs = clock.nowMs() - this.#aliveMs;
      if (silentMs >= (this.#open ? limits.peerSilenceMs : limits.helloMs)) {
        counters.add("links-silent");
        const socket = this.#socket;
        this.#lost("silent for too long", false);
        return socket?.terminate();
      }
      if (this.#open && silentMs >= limits.pingMs) this.#socket?.ping();
      this.#cancelWatch = clock.after(limits.pingMs, look);
    };
    this.#cancelWatch = clock.after(limits.pingMs, look);
  }

  #cancelTimers(): void {
    this.#cancelPause?.();
    this.#cancelProbe?.();
    this.#cancelWatch?.();
    this.#cancelPause = null;
    this.#cancelProbe = null;
    this.#cancelWatch = null;
  }
}
