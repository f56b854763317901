import { type Ballot, type Message, showBallot } from "@quorate/paxos";
import type { System, Violation } from "./explorer.ts";
import { checkFacts, type Facts, type News, NO_NEWS, together } from "./facts.ts";
import { firstLocal, type Input, keyOf, type Local, type Outcome, outcome } from "./local.ts";
import { type Ear, earOf, isDead, isDeadAnswer, Mail } from "./mail.ts";
import { Numbered } from "./numbered.ts";
import type { Scope } from "./scope.ts";
import { StateTable } from "./state-table.ts";

/** A node, its past, and what it said to each of the others that may still matter. All of it by number. */
interface Process {
  readonly local: number;
  readonly facts: number;
  readonly mail: Int32Array;
}

/** What an input makes of a node, by number. */
interface Effect {
  readonly local: number;
  readonly news: number;
  readonly says: Int32Array;
}

const CAMPAIGN = -1;
const PROPOSE = -2;
const SYNC = -3;
const STAND_STILL = -4;
/** A crash that keeps k records: CRASH − k. */
const CRASH = -5;

/** Of who has nothing more to fetch. */
const FETCHED: Ear = { promised: 0, campaigned: 0, leads: false, chosenTo: Infinity };

/**
 * This very engine as a system of processes. Messages are never lost from the set, so that every order, loss and
 * duplication is in it; time stands still, and what a timeout would do is the action *campaign*; with each output a
 * leader beats, since a heartbeat may come at any time; each group of records is made durable by an action of its own,
 * the oldest first. A crash loses what was not durable, but for a beginning. Left out as counters: heartbeat rounds,
 * sequence numbers, write units, lives. What is chosen is applied at once.
 *
 * Every process is a state machine of its own, so what an input does to one is computed once and then looked up: the
 * search itself is arithmetic on numbers. What is left out of the search, and why that loses nothing, stands in
 * docs/protocol-paxos.md, *Every state of a small scope*.
 */
export class EngineSystem implements System {
  readonly width: number;
  readonly firsts: readonly (readonly number[])[];
  private readonly scope: Scope;
  private readonly mail = new Mail();
  private readonly locals = new Numbered<Local>();
  private readonly news = new Numbered<News>();
  private readonly noNews: number;
  private readonly processes = new Numbered<Process>();
  private readonly facts = new Numbered<Facts>();
  /** By local: what each input makes of it; `null`: there is no such input. */
  private readonly effects: Map<number, Effect | null>[] = [];
  /** By local: the number of its ear if it may still crash, and if not. */
  private readonly fragileEar: number[] = [];
  private readonly steadyEar: number[] = [];
  private readonly joined = new Map<number, number>();
  /** By set of messages: what of it is alive, by receiver and sender. */
  private readonly alive: Map<number, number>[] = [];
  /** By process: the number of its facts, with what is promised on its disk. */
  private readonly pastOf: number[] = [];
  /** By process and mail: all different processes that one of these messages makes of it. */
  private readonly afterMail: Map<number, Int32Array>[] = [];
  /** By process and mail: it, after everything in the mail that it merely answers. */
  private readonly answered: Map<number, number>[] = [];
  private readonly afterOwn: (Int32Array | undefined)[] = [];
  private readonly afterCrash: (Int32Array | undefined)[] = [];
  private readonly afterSync: (number | undefined)[] = [];
  /** The pasts that were checked. */
  private readonly checked: StateTable;
  private readonly past: Int32Array;

  constructor(scope: Scope) {
    this.scope = scope;
    this.width = scope.nodes + 1;
    this.checked = new StateTable(scope.nodes);
    this.past = new Int32Array(scope.nodes);
    this.noNews = this.newsNumber(NO_NEWS);
    const start = Array.from({ length: scope.nodes }, (_, index) => this.first(index + 1));
    this.firsts = [[...start, scope.crashes ? scope.nodes + 1 : 0]];
  }

  /** How many different states of one process were met. */
  get processCount(): number {
    return this.processes.size;
  }

  /** How many different nodes were met: without their past, and what they said. */
  get localCount(): number {
    return this.locals.size;
  }

  get messageCount(): number {
    return this.mail.messageCount;
  }

  /** How many different pasts of all nodes together were met, and checked. */
  get pastCount(): number {
    return this.checked.size;
  }

  /** Those pasts. */
  pasts(): readonly (readonly Facts[])[] {
    const past = new Int32Array(this.scope.nodes);
    return Array.from({ length: this.checked.size }, (_, index) => {
      this.checked.read(index, past);
      return [...past].map((facts) => this.facts.at(facts));
    });
  }

  // ── the search ──

  /** The last number of a state: who crashes. nodes + 1: it is open who, if anybody; 0: nobody any more. */
  successors(state: Int32Array, next: Int32Array, arrived: () => void): void {
    const { nodes, reductions } = this.scope;
    const victim = state[nodes]!;
    const reached = (): void => {
      if (reductions !== "none") this.settle(next);
      arrived();
      next.set(state);
    };
    for (let index = 0; index < nodes; index++) {
      const process = state[index]!;
      const becomes = (after: Int32Array): void => {
        for (let at = 0; at < after.length; at++) {
          next[index] = after[at]!;
          reached();
          if (victim <= nodes || reductions === "none" || !this.waitsForDisk(after[at]!)) continue;
          next[index] = reductions === "full" ? this.after(after[at]!, STAND_STILL) : after[at]!;
          next[nodes] = index + 1;
          reached();
        }
      };
      const syncs = reductions === "none" || (index + 1 === victim && reductions === "late-syncs");
      becomes(this.afterOwnInputs(process));
      if (syncs) {
        next[index] = this.after(process, SYNC);
        if (next[index] !== process) reached();
      }
      for (let other = 0; other < nodes; other++)
        if (other !== index) becomes(this.afterAllOf(process, this.processes.at(state[other]!).mail[index]!));
      if (victim <= nodes && index + 1 !== victim) continue;
      for (const crashed of this.crashed(process)) {
        next[index] = crashed;
        next[nodes] = 0;
        reached();
      }
    }
  }

  /** What does not hold in `state`, where its past was not looked at before. */
  violation(state: Int32Array): Violation | null {
    const { nodes } = this.scope;
    for (let index = 0; index < nodes; index++) {
      const { violation } = this.localOf(state[index]!);
      if (violation !== null) return violation;
      this.past[index] = this.pastOf[state[index]!]!;
    }
    if (!this.checked.add(this.past, -1)) return null;
    return checkFacts([...this.past].map((facts) => this.facts.at(facts)));
  }

  /** What does not hold of the search itself: looked at once everything was seen. */
  wrongAfterAll(): Violation | null {
    return this.scope.reductions === "none" ? null : this.wrongDeath();
  }

  label(state: Int32Array, next: Int32Array): string {
    const { nodes } = this.scope;
    const localAt = (of: Int32Array, index: number): number => this.processes.at(of[index]!).local;
    let index = 0;
    while (index < nodes - 1 && localAt(state, index) === localAt(next, index)) index++;
    const late = state[nodes]! > nodes && next[nodes]! > 0 && next[nodes]! <= nodes;
    const node = `node ${index + 1}${late ? " (its disk stands still from here on)" : ""}`;
    if (next[nodes] === 0 && state[nodes] !== 0) return `${node} loses what was not durable and starts again`;
    const makes = (input: number): boolean => {
      const after = this.after(state[index]!, input);
      const { reductions } = this.scope;
      let settled = after;
      if (late && reductions === "full") settled = this.after(after, STAND_STILL);
      else if (index + 1 !== next[nodes] && reductions !== "none") settled = this.allSynced(after);
      return after !== state[index]! && this.processes.at(settled).local === localAt(next, index);
    };
    for (const [input, name] of [
      [CAMPAIGN, "campaign"],
      [PROPOSE, "propose"],
      [SYNC, "sync"],
    ] as const)
      if (makes(input)) return `${node}: ${name}`;
    for (let other = 0; other < nodes; other++) {
      if (other === index) continue;
      for (const message of this.mail.at(this.processes.at(state[other]!).mail[index]!))
        if (makes(message)) return `node ${other + 1} → ${node}: ${showMessage(this.mail.message(message).message)}`;
    }
    return `${node}: answers`;
  }

  /**
   * All disks but the victim's sync; every process answers what it can answer without changing, until nothing new is
   * said; and what nobody will ever take notice of again is forgotten.
   */
  private settle(state: Int32Array): void {
    const { nodes } = this.scope;
    for (let index = 0; index < nodes; index++)
      if (index + 1 !== state[nodes]) state[index] = this.allSynced(state[index]!);
    for (let again = true; again;) {
      again = false;
      for (let index = 0; index < nodes; index++) {
        const before = state[index]!;
        let after = before;
        for (let other = 0; other < nodes; other++)
          if (other !== index) after = this.afterAnswers(after, this.processes.at(state[other]!).mail[index]!);
        if (after === before) continue;
        state[index] = after;
        again = true;
      }
    }
    for (let index = 0; index < nodes; index++) state[index] = this.withoutDead(state, index);
  }

  private withoutDead(state: Int32Array, index: number): number {
    const process = this.processes.at(state[index]!);
    const ear = this.earOf(process.local, this.mayCrash(state, index));
    let alive: Int32Array | null = null;
    for (let other = 0; other < this.scope.nodes; other++) {
      if (other === index) continue;
      const before = process.mail[other]!;
      const { local } = this.processes.at(state[other]!);
      const after = this.aliveOf(before, local, this.mayCrash(state, other), ear);
      if (after !== before) (alive ??= process.mail.slice())[other] = after;
    }
    return alive === null ? state[index]! : this.processOf(process.local, process.facts, alive);
  }

  /** What of `set` its receiver may still take notice of. */
  private aliveOf(set: number, receiver: number, mayCrash: boolean, sender: number): number {
    if (set === this.mail.empty) return set;
    const known = (this.alive[set] ??= new Map());
    const key = (receiver * 2 + (mayCrash ? 1 : 0)) * 2 ** 16 + sender;
    const before = known.get(key);
    if (before !== undefined) return before;
    const [hears, says] = [this.mail.ear(this.earOf(receiver, mayCrash)), this.mail.ear(sender)];
    const alive = this.mail
      .at(set)
      .filter((number) => !isDead(this.mail.message(number).message, hears, says) || !this.isSilent(receiver, number));
    const after = this.mail.setOf(alive);
    known.set(key, after);
    return after;
  }

  /** Whether receiving that message changes nothing, and is answered, if at all, as a dead message is. */
  private isSilent(receiver: number, number: number): boolean {
    const effect = this.effect(receiver, number);
    if (effect === null) return true;
    if (effect.local !== receiver || effect.news !== this.noNews) return false;
    const { message } = this.mail.message(number);
    const answers = [...effect.says].flatMap((set) => this.mail.at(set));
    return answers.every((answer) => isDeadAnswer(message, this.mail.message(answer).message));
  }

  private mayCrash(state: Int32Array, index: number): boolean {
    const { nodes } = this.scope;
    return state[nodes]! > nodes || state[nodes] === index + 1;
  }

  private earOf(local: number, mayCrash: boolean): number {
    return (mayCrash ? this.fragileEar : this.steadyEar)[local]!;
  }

  private allSynced(process: number): number {
    const known = this.afterSync[process];
    if (known !== undefined) return known;
    let after = process;
    for (let next = this.after(after, SYNC); next !== after; next = this.after(after, SYNC)) after = next;
    return (this.afterSync[process] = after);
  }

  private afterAnswers(process: number, mail: number): number {
    const known = this.answered[process]!.get(mail);
    if (known !== undefined) return known;
    let after = process;
    for (const message of this.mail.at(mail)) {
      const { local, facts } = this.processes.at(after);
      const next = this.after(after, message);
      const answered = this.processes.at(next);
      if (answered.local === local && answered.facts === facts) after = next;
    }
    this.answered[process]!.set(mail, after);
    return after;
  }

  private afterOwnInputs(process: number): Int32Array {
    return (this.afterOwn[process] ??= this.different(process, [CAMPAIGN, PROPOSE]));
  }

  private afterAllOf(process: number, mail: number): Int32Array {
    const known = this.afterMail[process]!.get(mail);
    if (known !== undefined) return known;
    const different = this.different(process, this.mail.at(mail));
    this.afterMail[process]!.set(mail, different);
    return different;
  }

  private crashed(process: number): Int32Array {
    const known = this.afterCrash[process];
    if (known !== undefined) return known;
    const oldest = this.localOf(process).unsynced[0]?.records.length ?? 0;
    const inputs = Array.from({ length: Math.max(1, oldest) }, (_, kept) => CRASH - kept);
    return (this.afterCrash[process] = Int32Array.from(new Set(inputs.map((input) => this.after(process, input)))));
  }

  private different(process: number, inputs: readonly number[]): Int32Array {
    const after = new Set(inputs.map((input) => this.after(process, input)));
    after.delete(process);
    return Int32Array.from(after);
  }

  /**
   * Whether forgetting was right: every message that is dead at any node met is silent there, and stays dead whatever
   * that node does next. Looks at every node and every message that was met, whoever said it or not.
   */
  private wrongDeath(): Violation | null {
    for (let number = 0; number < this.locals.size; number++) {
      const local = this.locals.at(number);
      if (local.violation !== null) continue;
      const met = Array.from({ length: this.mail.messageCount }, (_, message) => message);
      for (const message of met.filter((one) => this.mail.message(one).to === local.node)) {
        const why = this.wrongDeathOf(message, number);
        if (why !== "")
          return { invariant: "forgetting", why: `${showMessage(this.mail.message(message).message)} ${why}` };
      }
    }
    return null;
  }

  private wrongDeathOf(number: number, local: number): string {
    const { message } = this.mail.message(number);
    const isDeadAt = (at: number, mayCrash: boolean): boolean => {
      const ear = this.mail.ear(this.earOf(at, mayCrash));
      return isDead(message, ear, message.kind === "fetch" ? FETCHED : ear);
    };
    for (const mayCrash of [true, false]) {
      if (!isDeadAt(local, mayCrash)) continue;
      if (!this.isSilent(local, number)) return `is dead at node ${this.locals.at(local).node}, and it acts on it`;
      for (const [input, effect] of this.effects[local]!) {
        if (effect === null || (input <= CRASH && !mayCrash)) continue;
        const stays = isDeadAt(effect.local, false) && (!mayCrash || input <= CRASH || isDeadAt(effect.local, true));
        if (!stays && this.locals.at(effect.local).violation === null)
          return `is dead at node ${this.locals.at(local).node}, and it may take notice of it later`;
      }
    }
    return "";
  }

  // ── one process ──

  private localOf(process: number): Local {
    return this.locals.at(this.processes.at(process).local);
  }

  private waitsForDisk(process: number): boolean {
    return this.localOf(process).unsynced.length > 0;
  }

  private first(node: number): number {
    const { local, news, says } = this.effectOf(firstLocal(node, this.scope));
    return this.processOf(local, news, says);
  }

  /** The process that an input makes of one; itself, where there is no such input. */
  private after(number: number, input: number): number {
    const process = this.processes.at(number);
    const effect = this.effect(process.local, input);
    if (effect === null) return number;
    let { mail } = process;
    for (let to = 0; to < mail.length; to++) {
      const union = this.mail.union(mail[to]!, effect.says[to]!);
      if (union === mail[to]) continue;
      if (mail === process.mail) mail = mail.slice();
      mail[to] = union;
    }
    const facts = this.join(process.facts, effect.news);
    if (effect.local === process.local && facts === process.facts && mail === process.mail) return number;
    return this.processOf(effect.local, facts, mail);
  }

  private effect(local: number, input: number): Effect | null {
    const known = this.effects[local]!.get(input);
    if (known !== undefined) return known;
    const made = outcome(this.locals.at(local), this.inputOf(input), this.scope);
    const effect = made === null ? null : this.effectOf(made);
    this.effects[local]!.set(input, effect);
    return effect;
  }

  private inputOf(input: number): Input {
    if (input >= 0) return { receive: this.mail.message(input) };
    if (input === CAMPAIGN) return "campaign";
    if (input === PROPOSE) return "propose";
    if (input === STAND_STILL) return "stand still";
    return input === SYNC ? "sync" : { crash: CRASH - input };
  }

  private effectOf({ local, says, news }: Outcome): Effect {
    const messages = says.map((addressed) => ({ to: addressed.to, number: this.mail.messageNumber(addressed) }));
    const mail = Array.from({ length: this.scope.nodes }, (_, index) =>
      this.mail.setOf(messages.filter(({ to }) => to === index + 1).map(({ number }) => number)),
    );
    return { local: this.localNumber(local), news: this.newsNumber(news), says: Int32Array.from(mail) };
  }

  private localNumber(local: Local): number {
    return this.locals.of(keyOf(local), () => {
      this.effects.push(new Map());
      this.fragileEar.push(this.mail.earNumber(earOf(local, true)));
      this.steadyEar.push(this.mail.earNumber(earOf(local, false)));
      return local;
    });
  }

  private newsNumber(news: News): number {
    const tidy = together(news, NO_NEWS);
    return this.news.of(JSON.stringify([tidy.votes, tidy.known, tidy.asked]), () => tidy);
  }

  private join(one: number, other: number): number {
    if (one === other || other === this.noNews) return one;
    const key = one * 2 ** 26 + other;
    const known = this.joined.get(key);
    if (known !== undefined) return known;
    const joined = this.newsNumber(together(this.news.at(one), this.news.at(other)));
    this.joined.set(key, joined);
    return joined;
  }

  private processOf(local: number, facts: number, mail: Int32Array): number {
    return this.processes.of(`${local} ${facts} ${mail.join()}`, () => {
      const { promised } = this.locals.at(local).durable;
      this.pastOf.push(this.facts.of(`${facts} ${promised}`, () => ({ ...this.news.at(facts), promised })));
      this.afterMail.push(new Map());
      this.answered.push(new Map());
      return { local, facts, mail };
    });
  }
}

function showMessage(message: Message): string {
  return `${message.kind} ${JSON.stringify(message, (key, item: unknown) => {
    if (key === "kind") return undefined;
    if (key === "ballot" || key === "origin" || key === "promised") return showBallot(item as Ballot);
    return item instanceof Uint8Array ? item.join() : item;
  })}`;
}
