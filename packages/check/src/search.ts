import { ConfigurationSet } from "./configuration-set.ts";
import type { Operation, Scalar } from "./operation.ts";
import { ILLEGAL, type Model } from "./models/model.ts";
import type { Verdict } from "./verdict.ts";

/** How far a search came that found no order: one of the orders that fit the longest. */
export interface Stuck {
  /** Operations in an order that the model allows. */
  readonly order: readonly Operation[];
  /** State after them. */
  readonly state: Scalar;
  /** Completed operations that should come next, and of which none may. */
  readonly next: readonly Operation[];
  /** Moment of the return that no order could pass; every operation that returned before it is in `order`. */
  readonly returnedAt: number;
}

/** In a frame: the operation was taken because it had to be, so there is no other choice to come back to. */
const FORCED = -1;

/** State of a search step that the model does not allow. */
const NO_STATE = -1;

/**
 * Looks for an order of the operations of *one key* that the model allows and that agrees with real time. It can be run in
 * slices, so that many keys share one budget. Ties count as concurrent: a call at the moment of a return is not after it.
 *
 * The search is that of J. Wing, C. Gong, *Testing and Verifying Concurrent Objects* (1993), over the list of calls and
 * returns, with the memo of G. Lowe, *Testing for Linearizability* (2017), section 4: a pair (operations taken, state) is
 * explored once. Three additions, each of which keeps the answer as it is:
 * - A completed operation that changes no state is taken as soon as it is legal: it can be moved to the front of any order in
 *   which it comes later.
 * - An operation of unknown outcome need not be taken at all, and never where it would leave the state alone: an order that
 *   has it there is an order without it.
 * - Of several such calls that do the same, the earliest is taken first: exchanging them changes nothing.
 */
export class Search {
  private readonly model: Model;
  /** Operations with a known end, by call; then those without, by call: an operation's number is its place in this list. */
  private readonly operations: readonly Operation[];
  /** Count of operations with a known end. */
  private readonly completed: number;
  private readonly readsOnly: Uint8Array;
  /** Of an open operation: number of the one before it that does the same, or -1. */
  private readonly twin: Int32Array;

  /** Entries of the time line: call of completed operation i is i, its return is `completed` + i; then comes the root. */
  private readonly root: number;
  private readonly next: Int32Array;
  private readonly previous: Int32Array;

  private readonly states: Scalar[] = [];
  private readonly stateIds: Map<Scalar, number> = new Map();
  private readonly visited: ConfigurationSet = new ConfigurationSet();
  private readonly words: Uint32Array;

  /** Which operations are taken, a bit each: the completed ones, and from `openWords` on the open ones. */
  private readonly taken: Uint32Array;
  private readonly openWords: number;
  /** Greatest completed operation taken, or -1. */
  private highest = -1;
  private state: number;

  private depth = 0;
  private readonly frameOperation: Int32Array;
  private readonly frameState: Int32Array;
  private readonly frameHighest: Int32Array;
  private readonly frameCursor: Int32Array;
  private readonly frameOpenCursor: Int32Array;

  /** The next entry of the time line to try in this configuration, and the next open operation after those. */
  private cursor = 0;
  private openCursor = 0;
  private verdict: Verdict = "unknown";
  private stepsUsed = 0;
  private stuck: Stuck = { order: [], state: null, next: [], returnedAt: -Infinity };

  constructor(operations: readonly Operation[], model: Model) {
    const completed = operations.filter((each) => each.outcome === "ok" || each.outcome === "fail").toSorted(byCall);
    const open = operations.filter((each) => each.outcome === "unknown" && !model.readsOnly(each)).toSorted(byCall);
    this.model = model;
    this.operations = [...completed, ...open];
    this.completed = completed.length;
    this.readsOnly = Uint8Array.from(completed, (each) => (model.readsOnly(each) ? 1 : 0));
    this.twin = twinsOf(this.operations, completed.length, model.processMatters);

    this.root = 2 * completed.length;
    this.next = new Int32Array(this.root + 1);
    this.previous = new Int32Array(this.root + 1);
    this.linkTimeline();

    this.openWords = (completed.length + 31) >>> 5;
    this.taken = new Uint32Array(this.openWords + ((open.length + 31) >>> 5));
    this.words = new Uint32Array(this.taken.length + 2);
    const frames = this.operations.length;
    this.frameOperation = new Int32Array(frames);
    this.frameState = new Int32Array(frames);
    this.frameHighest = new Int32Array(frames);
    this.frameCursor = new Int32Array(frames);
    this.frameOpenCursor = new Int32Array(frames);

    this.state = this.idOf(model.initial);
    this.enter();
  }

  /** Steps of the model tried so far. */
  get steps(): number {
    return this.stepsUsed;
  }

  /** How far the best order came, once the verdict is `not-linearizable`. */
  get furthest(): Stuck {
    return this.stuck;
  }

  /** Goes on for about `stepsMax` steps of the model, 1 or more; `unknown` if that did not decide it. */
  run(stepsMax: number): Verdict {
    const end = this.stepsUsed + stepsMax;
    while (this.verdict === "unknown" && this.stepsUsed < end) this.advance();
    return this.verdict;
  }

  /** Tries the next candidate of this configuration, or goes back if there is none. */
  private advance(): void {
    if (this.next[this.root] === this.root) {
      this.verdict = "linearizable";
      return;
    }
    const entry = this.cursor;
    if (entry < this.completed) {
      this.cursor = this.next[entry]!;
      // What only reads was taken on entering this configuration, or is illegal in it.
      if (this.readsOnly[entry] === 0) this.branch(entry, this.stepCompleted(entry));
      return;
    }
    const operation = this.nextOpen(this.operations[entry - this.completed]!.returnedAt);
    if (operation >= 0) {
      const state = this.stepOpen(operation);
      if (state !== this.state) this.branch(operation, state);
      return;
    }
    this.noteStuck(entry);
    if (!this.back()) this.verdict = "not-linearizable";
  }

  /** The next open operation that was called by `moment` and may be taken now, or -1. */
  private nextOpen(moment: number): number {
    const operations = this.operations;
    while (this.completed + this.openCursor < operations.length) {
      const operation = this.completed + this.openCursor;
      if (operations[operation]!.invokedAt > moment) return -1;
      this.openCursor++;
      const twin = this.twin[operation - this.completed]!;
      if (!this.isTaken(operation) && (twin < 0 || this.isTaken(twin))) return operation;
    }
    return -1;
  }

  private branch(operation: number, state: number): void {
    if (state === NO_STATE) return;
    this.take(operation, state, this.cursor);
    this.enter();
    if (!this.visited.add(this.words, this.writeConfiguration())) this.back();
  }

  /** Takes every reader that is legal now, and starts with the first candidate. */
  private enter(): void {
    let entry = this.next[this.root]!;
    while (entry < this.completed) {
      const before = this.previous[entry]!;
      const readable = this.readsOnly[entry] === 1 && this.stepCompleted(entry) !== NO_STATE;
      if (readable) this.take(entry, this.state, FORCED);
      entry = this.next[readable ? before : entry]!;
    }
    this.cursor = this.next[this.root]!;
    this.openCursor = 0;
  }

  /** Takes back the last choice and what followed from it; `false` if there is no choice left. */
  private back(): boolean {
    while (this.depth > 0) {
      const cursor = this.frameCursor[--this.depth]!;
      const operation = this.frameOperation[this.depth]!;
      this.state = this.frameState[this.depth]!;
      this.highest = this.frameHighest[this.depth]!;
      this.openCursor = this.frameOpenCursor[this.depth]!;
      this.flip(operation);
      if (operation < this.completed) {
        this.link(this.completed + operation);
        this.link(operation);
      }
      if (cursor === FORCED) continue;
      this.cursor = cursor;
      return true;
    }
    return false;
  }

  private take(operation: number, state: number, cursor: number): void {
    this.frameOperation[this.depth] = operation;
    this.frameState[this.depth] = this.state;
    this.frameHighest[this.depth] = this.highest;
    this.frameCursor[this.depth] = cursor;
    this.frameOpenCursor[this.depth] = this.openCursor;
    this.depth++;
    this.state = state;
    this.flip(operation);
    if (operation < this.completed) {
      if (operation > this.highest) this.highest = operation;
      this.unlink(operation);
      this.unlink(this.completed + operation);
    }
  }

  private stepCompleted(operation: number): number {
    this.stepsUsed++;
    const state = this.model.step(this.states[this.state]!, this.operations[operation]!);
    return state === ILLEGAL ? NO_STATE : this.idOf(state);
  }

  private stepOpen(operation: number): number {
    this.stepsUsed++;
    return this.idOf(this.model.stepOpen(this.states[this.state]!, this.operations[operation]!));
  }

  private idOf(state: Scalar): number {
    const known = this.stateIds.get(state);
    if (known !== undefined) return known;
    const id = this.states.length;
    this.states.push(state);
    this.stateIds.set(state, id);
    return id;
  }

  /**
   * Writes this configuration into `words`: the state, then the bits of the completed operations from the first that is not
   * taken to the last that is, then those of the open ones. What lies before is all taken and what lies behind is not, so a
   * configuration of a long history stays as short as its concurrency.
   *
   * @returns the count of words.
   */
  private writeConfiguration(): number {
    const words = this.words;
    const first = this.next[this.root]!;
    const from = first === this.root ? this.openWords : first >>> 5;
    let count = 0;
    words[count++] = this.state;
    words[count++] = from;
    for (let word = from; word <= this.highest >> 5; word++) words[count++] = this.taken[word]!;
    for (let word = this.openWords; word < this.taken.length; word++) words[count++] = this.taken[word]!;
    return count;
  }

  private noteStuck(returnEntry: number): void {
    const returnedAt = this.operations[returnEntry - this.completed]!.returnedAt;
    if (returnedAt <= this.stuck.returnedAt) return;
    const order = Array.from(this.frameOperation.subarray(0, this.depth), (each) => this.operations[each]!);
    const next: Operation[] = [];
    for (let entry = this.next[this.root]!; entry < this.completed; entry = this.next[entry]!) {
      next.push(this.operations[entry]!);
    }
    this.stuck = { order, state: this.states[this.state]!, next, returnedAt };
  }

  private isTaken(operation: number): boolean {
    return (this.taken[this.wordOf(operation)]! & this.bitOf(operation)) !== 0;
  }

  private flip(operation: number): void {
    this.taken[this.wordOf(operation)]! ^= this.bitOf(operation);
  }

  private wordOf(operation: number): number {
    return operation < this.completed ? operation >>> 5 : this.openWords + ((operation - this.completed) >>> 5);
  }

  private bitOf(operation: number): number {
    return 1 << ((operation < this.completed ? operation : operation - this.completed) & 31);
  }

  private linkTimeline(): void {
    const { completed, operations } = this;
    const momentOf = (entry: number): number =>
      entry < completed ? operations[entry]!.invokedAt : operations[entry - completed]!.returnedAt;
    // Calls come before returns of the same moment: their numbers are lower.
    const timeline = Array.from({ length: this.root }, (_, entry) => entry);
    timeline.sort((a, b) => momentOf(a) - momentOf(b) || a - b);
    let last = this.root;
    for (const entry of timeline) {
      this.next[last] = entry;
      this.previous[entry] = last;
      last = entry;
    }
    this.next[last] = this.root;
    this.previous[this.root] = last;
  }

  private unlink(entry: number): void {
    this.next[this.previous[entry]!] = this.next[entry]!;
    this.previous[this.next[entry]!] = this.previous[entry]!;
  }

  /** Undoes the latest `unlink` that is not undone yet. */
  private link(entry: number): void {
    this.next[this.previous[entry]!] = entry;
    this.previous[this.next[entry]!] = entry;
  }
}

function byCall(a: Operation, b: Operation): number {
  return a.invokedAt - b.invokedAt;
}

function twinsOf(operations: readonly Operation[], completed: number, processMatters: boolean): Int32Array {
  const latest: Map<string, number> = new Map();
  const twins = new Int32Array(operations.length - completed).fill(-1);
  for (let operation = completed; operation < operations.length; operation++) {
    const { process, f, argument } = operations[operation]!;
    const what = JSON.stringify([processMatters ? process : null, f, argument]);
    twins[operation - completed] = latest.get(what) ?? -1;
    latest.set(what, operation);
  }
  return twins;
}
