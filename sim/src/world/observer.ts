import type { FramePart, PeerMessage, SnapshotHead, SyncedBytes } from "@quorate/log";
import type { Composite, QuorateError, ReadLevel, RequestId, Settlement } from "@quorate/machine";
import type { Durable, Entry, Member, Output, PromiseMessage, Speaker } from "@quorate/paxos";
import type { Fault } from "../faults/schedule.ts";

/** The run that is observed. */
export interface ObservedRun {
  readonly seed: number;
  /** Nodes that there are at the beginning, 1 … `nodes`. */
  readonly nodes: number;
  /** Clients that run at a time. */
  readonly clients: number;
  /** True time, now; milliseconds since the run began. */
  readonly nowMs: number;
  /** What the monotonic clock of a node says now. */
  clockMs(node: number): number;
  /** How fast the clocks of a node run against true time, now. */
  clockRate(node: number): number;
  /** Whether the clock of a node runs within the bound on drift. */
  keepsTime(node: number): boolean;
  /** How often the machine of a node slept: its monotonic clock stood still. */
  sleeps(node: number): number;
  /** Paths of the files on the disk of a node. */
  files(node: number): readonly string[];
  /** A file as a power loss now would leave it, if nothing unsynced reached the disk; a view, to be read at once. */
  durable(node: number, path: string): Uint8Array;
}

/** What a client asks of the cluster. */
export type CallKind = "call" | "read" | "watch";

/**
 * Sees everything that can be seen in a run, as it happens, at all processes at once. Ends are nodes by their id (1 … 1023) and clients by theirs
 * (above). True time is `nowMs` of the run that {@link Observer.runBegan} was given. What is handed over is not copied: entries, messages, records
 * and heads never change, all else is to be read during the call. An observer must not throw, nor change anything.
 */
export interface Observer {
  /** Before everything else. */
  runBegan(run: ObservedRun): void;
  /** Load and faults are over; from now on the nodes of `core` run undisturbed, and the others not at all, or with one direction of their links to them. */
  healed(core: readonly number[]): void;

  // ── messages between nodes ──

  /** `node` hands a message to its transport, once for all of `to`. The object is the message's identity from here to every receiver. */
  messageSent(node: number, speaker: Speaker, to: readonly number[], message: PeerMessage): void;
  /** Messages leave together. `frame`: its number in the run, from 1. A frame without parts is the news that a link was refused. */
  frameSent(frame: number, from: number, to: number, parts: readonly FramePart[]): void;
  /** The process of `to` takes the frame in, now. More than once if it was sent twice. */
  frameDelivered(frame: number, from: number, to: number, parts: readonly FramePart[]): void;
  /** Lost on a cut or bad link, or because nobody is there to take it. */
  frameLost(frame: number, from: number, to: number, parts: readonly FramePart[]): void;
  linkCut(from: number, to: number): void;
  linkHealed(from: number, to: number): void;

  // ── processes; of nodes and of clients ──

  /** `start`: how many processes of this node there were, with this one. */
  processStarted(end: number, start: number): void;
  /** The process died; what it wrote, the operating system has. */
  processDied(end: number): void;
  /** The process died, and of what it wrote unsynced anything may be lost. */
  powerLost(node: number): void;
  /** The process stands still, its clocks do not. */
  processPaused(end: number): void;
  processResumed(end: number): void;
  /** The process stopped serving for good. */
  processFailed(node: number, error: QuorateError): void;

  // ── disks ──

  writeIssued(node: number, path: string, position: number, bytes: number): void;
  /** A sync has made bytes of a file durable, and nobody was told yet. */
  bytesSynced(node: number, path: string, synced: SyncedBytes): void;
  /** The power loss that was just told tore a sector of what was written to the log last. */
  logTorn(node: number): void;
  /** A sync of a file failed, and its process is told right after this: what it should have made durable is lost to all later ones. */
  syncFailed(node: number, path: string): void;
  /** Durably: the file that was `from` until now. */
  fileRenamed(node: number, from: string): void;
  fileRemoved(node: number, path: string): void;
  /** Bytes of its disk that were synced are, or may become, others. */
  diskDamaged(node: number): void;
  /** An empty disk (`empty`), or an old copy, took the place of its disk: under the incarnation that it had nobody must listen to it any more. */
  diskReplaced(node: number, empty: boolean): void;

  // ── replicas ──

  /** A replica begins with what recovery read, and the state of its newest snapshot; `life`: of the process. */
  replicaBegan(node: number, self: Member, life: number, durable: Durable, composite: Composite): void;
  /** One output of an engine, before it is carried out. `clockMs`: what the engine was told of the node's clock. The lists are reused. */
  output(node: number, output: Output, clockMs: number): void;
  /** What a node says of leadership, after a change: whom it believes to lead (0: unknown), the ballot it is open in (0: none), its promised ballot. */
  roleChanged(node: number, leader: number, opening: number, promised: number): void;
  /** A node asks its engine for the bound of reads that came together. `token`: its name for them, in this life of its process. */
  readsAsked(node: number, token: number): void;
  /** A node answers reads that had this bound, now. `validUntilMs`: on its clock, of the lease that the bound rests on; Infinity: none. */
  readsAnswered(node: number, bound: number, validUntilMs: number): void;
  /** Every slot to `chosenTo` is known chosen at `node`, which is news. */
  chosenKnown(node: number, chosenTo: number): void;
  /** `counted`: the entry is not void, and a batch is in `composite` now. */
  applied(node: number, entry: Entry, counted: boolean, composite: Composite): void;
  /** A checkpoint begins: its image is to be of `composite` as it is now, after `head.slot`. */
  snapshotBegun(node: number, head: SnapshotHead, composite: Composite): void;
  /** A checkpoint is durable, as the replica believes. */
  snapshotTaken(node: number, head: SnapshotHead): void;
  /** A snapshot of a peer took the place of the state. */
  snapshotInstalled(node: number, head: SnapshotHead, composite: Composite): void;
  /** What a node that has just installed a snapshot of `slot` would promise to the next who asks. Nobody asked. */
  promiseProbed(node: number, slot: number, promise: PromiseMessage): void;

  /** In a step of the state: what became of one request of its batch. `revisionBefore`: of the state before the batch. */
  settled(node: number, request: RequestId, settlement: Settlement, revisionBefore: number): void;

  // ── clients ──

  /** A request leaves a client, for the first time or again. */
  requestSent(client: number, session: number, number: number, machine: string, command: Uint8Array): void;

  /** `call`: its number in the run, from 1. `level`: of a read; `null` of all else. */
  callInvoked(client: number, call: number, kind: CallKind, machine: string, level: ReadLevel | null): void;
  callAnswered(client: number, call: number, revision: number): void;
  callFailed(client: number, call: number, error: QuorateError): void;
  /** The client has the lock in its hands, under `token`. */
  lockHeld(lock: string, client: number, token: number): void;
  /** It gave the lock up, or (`lost`) knows that it lost it. */
  lockGone(lock: string, client: number, token: number, lost: boolean): void;

  // ── faults ──

  /** `index`: of the fault in the schedule. `leader`: who leads now, and is hit by what hits whoever leads; 0: nobody. */
  faultStruck(index: number, fault: Fault, leader: number): void;
  /** A fault that lies in wait meets a node, now. */
  faultMet(index: number, node: number): void;
  faultEnded(index: number, fault: Fault): void;
}

/** Looks at nothing: what an observer is made from that looks at a part. */
export class Unobservant implements Observer {
  runBegan(_run: ObservedRun): void {}
  healed(_core: readonly number[]): void {}
  messageSent(_node: number, _speaker: Speaker, _to: readonly number[], _message: PeerMessage): void {}
  frameSent(_frame: number, _from: number, _to: number, _parts: readonly FramePart[]): void {}
  frameDelivered(_frame: number, _from: number, _to: number, _parts: readonly FramePart[]): void {}
  frameLost(_frame: number, _from: number, _to: number, _parts: readonly FramePart[]): void {}
  linkCut(_from: number, _to: number): void {}
  linkHealed(_from: number, _to: number): void {}
  processStarted(_end: number, _start: number): void {}
  processDied(_end: number): void {}
  powerLost(_node: number): void {}
  processPaused(_end: number): void {}
  processResumed(_end: number): void {}
  processFailed(_node: number, _error: QuorateError): void {}
  writeIssued(_node: number, _path: string, _position: number, _bytes: number): void {}
  bytesSynced(_node: number, _path: string, _synced: SyncedBytes): void {}
  logTorn(_node: number): void {}
  syncFailed(_node: number, _path: string): void {}
  fileRenamed(_node: number, _from: string): void {}
  fileRemoved(_node: number, _path: string): void {}
  diskDamaged(_node: number): void {}
  diskReplaced(_node: number, _empty: boolean): void {}
  replicaBegan(_node: number, _self: Member, _life: number, _durable: Durable, _composite: Composite): void {}
  output(_node: number, _output: Output, _clockMs: number): void {}
  roleChanged(_node: number, _leader: number, _opening: number, _promised: number): void {}
  readsAsked(_node: number, _token: number): void {}
  readsAnswered(_node: number, _bound: number, _validUntilMs: number): void {}
  chosenKnown(_node: number, _chosenTo: number): void {}
  applied(_node: number, _entry: Entry, _counted: boolean, _composite: Composite): void {}
  snapshotBegun(_node: number, _head: SnapshotHead, _composite: Composite): void {}
  snapshotTaken(_node: number, _head: SnapshotHead): void {}
  snapshotInstalled(_node: number, _head: SnapshotHead, _composite: Composite): void {}
  promiseProbed(_node: number, _slot: number, _promise: PromiseMessage): void {}
  settled(_node: number, _request: RequestId, _settlement: Settlement, _revisionBefore: number): void {}
  requestSent(_client: number, _session: number, _number: number, _machine: string, _command: Uint8Array): void {}
  callInvoked(_client: number, _call: number, _kind: CallKind, _machine: string, _level: ReadLevel | null): void {}
  callAnswered(_client: number, _call: number, _revision: number): void {}
  callFailed(_client: number, _call: number, _error: QuorateError): void {}
  lockHeld(_lock: string, _client: number, _token: number): void {}
  lockGone(_lock: string, _client: number, _token: number, _lost: boolean): void {}
  faultStruck(_index: number, _fault: Fault, _leader: number): void {}
  faultMet(_index: number, _node: number): void {}
  faultEnded(_index: number, _fault: Fault): void {}
}

type Listener = (...what: unknown[]) => void;

/** Tells several observers, in this order; of each event only those who look at it. */
export function observersOf(observers: readonly Observer[]): Observer {
  return toldOf(Unobservant.prototype, observers) as Observer;
}

/**
 * An object whose methods call those of `listeners` of the same name, in this order, where they differ from those of `silent`.
 *
 * @param silent - a prototype whose methods, its own and inherited, do nothing.
 */
export function toldOf(silent: object, listeners: readonly object[]): object {
  const told: Record<string, Listener> = {};
  for (let prototype = silent; prototype !== Object.prototype; prototype = Object.getPrototypeOf(prototype) as object) {
    for (const name of Object.getOwnPropertyNames(prototype)) {
      if (name === "constructor" || told[name] !== undefined) continue;
      const nothing = (silent as Record<string, Listener>)[name]!;
      const listening = listeners
        .map((each) => ({ each, listen: (each as Record<string, Listener>)[name]! }))
        .filter(({ listen }) => listen !== nothing);
      told[name] = listening.length === 0 ? nothing : tell(listening);
    }
  }
  return told;
}

/** No event tells more than five things. */
function tell(listening: readonly { readonly each: object; readonly listen: Listener }[]): Listener {
  return (first, second, third, fourth, fifth) => {
    for (let index = 0; index < listening.length; index++) {
      const { each, listen } = listening[index]!;
      listen.call(each, first, second, third, fourth, fifth);
    }
  };
}
