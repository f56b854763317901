import {
  type Client,
  CLIENT_LIMITS,
  type ClientFrame,
  type Connection,
  type ConnectionEvents,
  createClient,
  type ServerFrame,
} from "@quorate/client";
import { type Caller, crc32c } from "@quorate/machine";
import { decodeClientFrames, decodeServerFrames, encodeClientFrames, encodeServerFrames } from "@quorate/net/codec";
import { damaged, refusal } from "./corrupt-frames.ts";
import { keyedSeed, Purpose } from "./keyed-random.ts";
import { INTACT } from "./network.ts";
import { ObservedCaller } from "./observed-caller.ts";
import { type MachineClocks, Process } from "./process.ts";
import { CLUSTER, clocksOf } from "./simulated-node.ts";
import type { World } from "./world.ts";

/** Ids of clients as ends of links: above those of nodes. */
const CLIENT_ID_FROM = 1024;
/** A dial that nobody answers is given up after this. */
const DIAL_MS = 1000;

/** One process of a user: the client of production, whose connections cross the simulated network as bytes. */
export class SimulatedClient {
  /** As an end of links. */
  readonly id: number;
  readonly process: Process;
  readonly client: Client;
  /** The client, in sight of the observers: what programs use. */
  readonly caller: Caller;
  readonly #world: World;
  /** Of all its connections, in both directions. */
  #frames = 0;

  /** @param number - among all that ever ran, from 1. */
  constructor(world: World, number: number, sessionTtlMs: number) {
    this.#world = world;
    this.id = CLIENT_ID_FROM + number;
    const clocks: MachineClocks = clocksOf(world, this.id);
    this.process = new Process(world.time, clocks, () => {
      world.unsettled = true;
    });
    this.client = createClient({
      endpoints: world.nodes.map(({ id }) => `node:${id}`),
      dial: (endpoint, events) => this.#dial(Number(endpoint.slice("node:".length)), events),
      clock: this.process.clock,
      seed: keyedSeed(world.seed, Purpose.clientSeed, number),
      sessionTtlMs,
      limits: { ...CLIENT_LIMITS, timeoutMs: 5000 },
    });
    this.caller = new ObservedCaller(this.client, {
      invoked: (kind, machine, level) => {
        const call = world.nextCall();
        world.observer.callInvoked(this.id, call, kind, machine, level);
        return call;
      },
      replied: (machine, reply) => world.checks?.replied(`client ${this.id}`, machine, reply),
      shown: (machine, query, reply) => world.checks?.shown(`client ${this.id}`, machine, query, reply),
      answered: (call, { revision }) => world.observer.callAnswered(this.id, call, revision),
      failed: (call, error) => world.observer.callFailed(this.id, call, error),
    });
    world.observer.processStarted(this.id, 1);
  }

  /** Resolves after `ms` on the clock of this client; never, once it is dead. */
  sleep(ms: number): Promise<void> {
    return new Promise((resolve) => {
      this.process.clock.after(ms, resolve);
    });
  }

  #dial(nodeId: number, events: ConnectionEvents): Connection {
    const world = this.#world;
    const node = world.nodes[nodeId - 1]!;
    const { process } = this;
    let open = true;
    let answered = false;
    let outgoing: ClientFrame[] = [];
    let server: ReturnType<typeof node.accept> = null;
    const toServer = world.network.stream(this.id, nodeId);
    const toClient = world.network.stream(nodeId, this.id);
    const tell = (run: () => void): void =>
      toClient(() =>
        process.enter(() => {
          if (open) run();
        }),
      );
    const end = (why: string): void =>
      tell(() => {
        open = false;
        events.closed({ code: "", why });
      });
    const send = (frames: readonly ServerFrame[]): void => {
      const bytes = encodeServerFrames(frames);
      world.hash.add(crc32c(bytes));
      tell(() => {
        const why = this.#refusal(nodeId, this.id, bytes, decodeServerFrames);
        if (why !== "") {
          open = false;
          hangUp();
          return events.closed({ code: "", why });
        }
        for (const frame of decodeServerFrames(bytes)) if (open) events.received(frame);
      });
    };
    const hangUp = (): void => {
      const gone = server;
      if (gone !== null) toServer(() => gone.process.enter(() => gone.port.close()));
    };
    toServer(() => {
      if (!open) return;
      server = node.accept(send);
      if (server === null) {
        if (!node.dark) end("connection refused");
        return;
      }
      server.process.enter(() =>
        tell(() => {
          answered = true;
          const endpoints = world.nodes.map(({ id }) => ({ node: id, endpoint: `node:${id}` }));
          events.opened({ cluster: CLUSTER, node: nodeId, endpoints });
        }),
      );
    });
    process.clock.after(DIAL_MS, () => {
      if (answered || !open) return;
      open = false;
      events.closed({ code: "", why: `no answer within ${DIAL_MS} ms` });
    });
    const flush = (): void => {
      const bytes = encodeClientFrames(outgoing);
      world.hash.add(crc32c(bytes));
      outgoing = [];
      toServer(() => {
        if (!open || server === null) return;
        const { process: serving, port } = server;
        // A process that took the place of another does not know this connection.
        if (!serving.isAlive) {
          if (node.process !== null || !node.dark) end("connection reset");
          return;
        }
        serving.enter(() => {
          const why = this.#refusal(this.id, nodeId, bytes, decodeClientFrames);
          if (why === "") return port.take(decodeClientFrames(bytes));
          port.close();
          end(why);
        });
      });
    };
    return {
      send: (frame) => {
        if (!open) return;
        if (frame.kind === "call") {
          const { session, number, machine, command } = frame;
          world.observer.requestSent(this.id, session, number, machine, command);
        }
        outgoing.push(frame);
        if (outgoing.length === 1) process.clock.endOfTurn(flush);
      },
      queuedBytes: 0,
      close: () => {
        open = false;
        hangUp();
      },
    };
  }

  /** Why the connection is closed over a frame that was damaged on its way; empty: it was not, or the checksums below noticed. */
  #refusal(from: number, to: number, bytes: Uint8Array, decode: (bytes: Uint8Array) => unknown): string {
    this.#frames += 1;
    const damage = this.#world.network.damageOfStream(from, to, this.#frames);
    if (damage === INTACT) return "";
    const why = refusal(() => decode(damaged(bytes, damage)));
    if (why !== "") this.#world.coverage.hit("corrupt frame refused");
    return why;
  }
}
