import type { Clock, Code, Outcome } from "@quorate/machine";
import { QuorateError } from "@quorate/machine";
import type { Dial, ServerHello } from "./dial.ts";
import { keyedFraction, pauseMs } from "./keyed-random.ts";
import type { ClientLimits } from "./limits.ts";
import { type EndpointStatus, Link } from "./link.ts";

/** What the pool of endpoints is made of. */
export interface EndpointsOptions {
  /** Not empty; each once. */
  readonly endpoints: readonly string[];
  readonly dial: Dial;
  readonly clock: Clock;
  readonly seed: number;
  readonly limits: ClientLimits;
  /** Something can be sent that could not before, or there is something to look at: called in a turn of its own. */
  changed(): void;
}

const NONE: ReadonlySet<Link> = new Set();

/**
 * Which replica next. Calls go to the one that leads, as far as is known: whoever refuses says who does. Without a hint it is the next one,
 * after a pause that grows. Why each endpoint failed is remembered.
 */
export class Endpoints {
  readonly #options: EndpointsOptions;
  readonly #links: Link[] = [];
  /** Where nodes serve clients, as hellos said. */
  readonly #told = new Map<number, string>();
  /** The link that calls go to, open or not. */
  #current: Link;
  /** Refusals since the last answer. */
  #refusals = 0;
  /** Who turned calls away, or was named as the one that leads, in this round through all of them. */
  readonly #passed = new Set<Link>();
  #pausedToMs = 0;
  #closed = false;

  constructor(options: EndpointsOptions) {
    this.#options = options;
    for (const endpoint of options.endpoints) this.#add(endpoint);
    // Clients that start together do not all begin with the same replica.
    const first = Math.floor(keyedFraction(options.seed, 0) * this.#links.length);
    this.#current = this.#links[first]!;
  }

  /** The open link that calls and reads go to; null: none now. Dials where that helps. */
  target(): Link | null {
    if (this.#closed) return null;
    const nowMs = this.#options.clock.nowMs();
    if (nowMs < this.#pausedToMs) return null;
    const current = this.#current;
    if (current.isOpen) return current;
    const { hedgeMs } = this.#options.limits;
    if (current.state === "idle" && current.verdict === "" && nowMs >= current.dialFromMs) current.dial();
    // The one that leads is worth a moment's wait.
    if (current.state === "dialling" && nowMs - current.dialledMs < hedgeMs) return null;
    const fresh = this.#fresh();
    if (fresh !== null) return (this.#current = fresh);
    // Who turned calls away may never learn who leads: it is asked again only when nobody else is left to try, and after a pause.
    if (!this.#dialNext(nowMs) && this.#passed.size > 0) {
      this.#passed.clear();
      this.#pause(nowMs);
    }
    return null;
  }

  /** Any open link, the current one first: for what every replica can answer. */
  any(): Link | null {
    return this.#current.isOpen ? this.#current : (this.#links.find((link) => link.isOpen) ?? this.target());
  }

  /** The open link to `node`; null: none now, it is dialled if its endpoint is known. */
  at(node: number): Link | null {
    const link = this.#linkOf(node);
    if (link !== null) {
      if (link.isOpen) return link;
      if (this.#options.clock.nowMs() >= link.dialFromMs) link.dial();
      return null;
    }
    // Any hello tells of all.
    const nowMs = this.#options.clock.nowMs();
    for (const other of this.#links) if (other.node === 0 && nowMs >= other.dialFromMs) other.dial();
    return null;
  }

  /** The nodes that the hellos named, if `node` is none of them; null: it is one, or no hello has come yet. */
  nodesWithout(node: number): readonly number[] | null {
    if (this.#told.size === 0 || this.#told.has(node) || this.#linkOf(node) !== null) return null;
    return [...this.#told.keys()].sort((one, other) => one - other);
  }

  /** The link of one endpoint, made if it was not known. */
  of(endpoint: string): Link {
    return this.#links.find((link) => link.endpoint === endpoint) ?? this.#add(endpoint);
  }

  /** The replica at `link` does not lead, or does not serve. Of many refusals in a row only the first moves on. */
  turnedAway(link: Link, leader: number, why: string): void {
    link.why = why;
    const nowMs = this.#options.clock.nowMs();
    if (link !== this.#current || nowMs < this.#pausedToMs) return;
    this.#refusals += 1;
    this.#passed.add(link);
    const leading = leader > 0 && leader !== link.node ? this.#linkOf(leader) : null;
    // Hints that lead in a circle are no better than none: replicas that were removed may name each other for good.
    if (leading !== null && !this.#passed.has(leading)) {
      this.#passed.add(leading);
      this.#current = leading;
      return;
    }
    this.#current = this.#after(link, this.#passed);
    if (this.#passed.has(this.#current)) this.#passed.clear();
    this.#pause(nowMs);
  }

  /** The replica at `link` is too busy: everything waits a little. */
  slowDown(link: Link, why: string): void {
    link.why = why;
    const nowMs = this.#options.clock.nowMs();
    if (nowMs < this.#pausedToMs) return;
    this.#refusals += 1;
    this.#pause(nowMs);
  }

  /** An answer came: whatever was wrong is over. */
  answered(link: Link): void {
    if (this.#refusals === 0) return;
    this.#refusals = 0;
    this.#passed.clear();
    link.why = "";
  }

  /** Pings, gives up what is dead. */
  checkSilence(nowMs: number): void {
    for (const link of this.#links) link.checkSilence(nowMs);
  }

  /** When there is something to look at again: a pause or a back-off that ends, a dial that lasts. `waiting`: something waits to be sent. */
  nextLookMs(nowMs: number, waiting: boolean): number {
    const { pingMs, hedgeMs } = this.#options.limits;
    let nextMs = Infinity;
    for (const link of this.#links) {
      if (link.isOpen) nextMs = Math.min(nextMs, nowMs + pingMs);
      else if (waiting && link.state === "dialling" && link.dialledMs + hedgeMs > nowMs) {
        nextMs = Math.min(nextMs, link.dialledMs + hedgeMs);
      } else if (waiting && link.verdict === "") nextMs = Math.min(nextMs, link.dialFromMs);
    }
    if (waiting && this.#pausedToMs > nowMs) nextMs = Math.min(nextMs, this.#pausedToMs);
    return nextMs;
  }

  /** The error that says of each endpoint why it was of no use. `code`: `WRONG_CLUSTER` or `DENIED` if all of them say so, else `NO_REPLICA`. */
  noReplica(what: string, outcome: Outcome): QuorateError {
    const verdicts = new Set(this.#links.map((link) => link.verdict));
    const [only] = verdicts;
    const code: Code = verdicts.size === 1 && only !== undefined && only !== "" ? only : "NO_REPLICA";
    const each = this.#links.map((link) => `${link.endpoint}: ${describe(link)}`).join("; ");
    const action =
      code === "NO_REPLICA"
        ? "Check that a majority of the nodes runs and can be reached"
        : "Check the options of the connection";
    return new QuorateError(code, outcome, `${what}. ${each}. ${action}.`, { endpoints: this.#links.length });
  }

  /** No endpoint will ever answer: wrong cluster or credential everywhere. */
  get isHopeless(): boolean {
    return this.#links.every((link) => link.verdict !== "");
  }

  status(): readonly EndpointStatus[] {
    return this.#links.map((link) => link.status());
  }

  close(): void {
    this.#closed = true;
    for (const link of this.#links) link.close();
  }

  #add(endpoint: string): Link {
    const { dial, clock, seed, limits, changed } = this.#options;
    const link: Link = new Link({
      endpoint,
      index: this.#links.length,
      dial,
      clock,
      seed,
      limits,
      opened: (opened, hello) => {
        this.#learn(hello);
        // While the leader is not reached, the first that answers will do.
        if (!this.#current.isOpen && this.#current.state !== "dialling") this.#current = opened;
        changed();
      },
      closed: (closed) => {
        if (closed === this.#current) this.#current = this.#fresh() ?? this.#after(closed, this.#passed);
        changed();
      },
    });
    this.#links.push(link);
    return link;
  }

  #learn(hello: ServerHello): void {
    for (const { node, endpoint } of hello.endpoints) this.#told.set(node, endpoint);
  }

  #linkOf(node: number): Link | null {
    const known = this.#links.find((link) => link.node === node && link.state !== "idle");
    if (known !== undefined) return known;
    const endpoint = this.#told.get(node);
    if (endpoint !== undefined) return this.of(endpoint);
    return this.#links.find((link) => link.node === node) ?? null;
  }

  /** The next one that may be of use, not one of `passed` if there is another. */
  #after(link: Link, passed: ReadonlySet<Link> = NONE): Link {
    const index = this.#links.indexOf(link) + 1;
    const ahead = [...this.#links.slice(index), ...this.#links.slice(0, index)].filter(({ verdict }) => verdict === "");
    return ahead.find((each) => !passed.has(each)) ?? ahead[0] ?? link;
  }

  /** An open link whose replica has not turned calls away in this round; null: none. */
  #fresh(): Link | null {
    return this.#links.find((link) => link.isOpen && !this.#passed.has(link)) ?? null;
  }

  /**
   * Dials whoever was dialled least lately: those that never answer may all be due again before the last has had its turn. Returns whether there is
   * somebody to wait for.
   */
  #dialNext(nowMs: number): boolean {
    const { hedgeMs } = this.#options.limits;
    if (this.#links.some((link) => link.state === "dialling" && nowMs - link.dialledMs < hedgeMs)) return true;
    const index = this.#links.indexOf(this.#current);
    let next: Link | null = null;
    for (const link of [...this.#links.slice(index), ...this.#links.slice(0, index)]) {
      if (link.state !== "idle" || link.verdict !== "" || nowMs < link.dialFromMs) continue;
      if (next === null || link.dialledMs < next.dialledMs) next = link;
    }
    if (next === null) return false;
    if (this.#current.state === "idle") this.#current = next;
    next.dial();
    return true;
  }

  #pause(nowMs: number): void {
    const { limits, seed } = this.#options;
    this.#pausedToMs = nowMs + pauseMs(limits.retryMsMin, limits.retryMsMax, this.#refusals - 1, seed, 1);
  }
}

function describe(link: Link): string {
  if (link.why !== "") return link.node === 0 ? link.why : `node ${link.node}: ${link.why}`;
  if (link.state === "dialling") return "did not answer yet";
  return link.state === "open" ? `node ${link.node}: connected, gave no answer` : "not tried";
}
