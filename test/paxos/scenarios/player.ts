import assert from "node:assert/strict";
import {
  type Ballot,
  ballotOf,
  type Durable,
  ENGINE_DEFAULTS,
  type EngineLimits,
  MAJORITY,
  type Member,
  type Members,
  showBallot,
} from "@quorate/paxos";
import { member } from "../cluster.ts";
import { type Flying, type Lab, type LabNode, labOf } from "../lab.ts";
import { showMembers, Trace } from "../trace.ts";

type Words = readonly string[];

/** Plays the commands of one script on real engines, and says what happened. The language: README.md. */
export class Player {
  private lab: Lab | null = null;
  private readonly trace = new Trace({ heartbeats: false, messages: true });
  private readonly kept = new Map<string, Flying[]>();
  private readonly copies = new Map<string, Durable>();
  private readonly reads = new Map<string, "answered" | "refused">();
  private leaseMs = 0;
  private previous: readonly string[] = [];

  /** Returns the output. Throws what an `expect`, the ghost or an engine throws. */
  play(command: string): readonly string[] {
    const [name, ...words] = command.trim().split(/\s+/) as [string, ...string[]];
    if (name === "expect") {
      this.expect(words);
      return [];
    }
    const run = this.commands[name];
    if (run === undefined) throw new Error(`no command "${name}"`);
    run(words);
    const output = this.trace.take();
    for (const line of output) {
      const [, how, token] = /(answers|refuses) read (\d+)/.exec(line) ?? [];
      if (token !== undefined) this.reads.set(token, how === "answers" ? "answered" : "refused");
    }
    this.previous = output;
    return output;
  }

  /** Nothing that was chosen may be lost, and what counts must stand on its own past. */
  end(): void {
    this.lab?.ghost.whole();
  }

  private readonly commands: Record<string, (words: Words) => void> = {
    group: (words) => this.form(words),
    show: () => {
      this.trace.options.heartbeats = true;
    },
    disk: ([nodes, how]) => {
      for (const node of this.nodes(nodes!)) node.syncs = how === "syncs";
    },
    sync: (words) => {
      for (const node of this.all(words)) this.world.sync(node, Infinity);
    },
    "sync-oldest": (words) => {
      for (const node of this.all(words)) this.world.sync(node, 1);
    },
    campaign: ([id]) => this.turn(id!, (node) => node.engine.campaignNow()),
    elect: ([id]) =>
      this.quietly(() => {
        this.turn(id!, (node) => node.engine.campaignNow());
        this.world.settle();
        this.pass(60, [], true);
      }),
    propose: ([id, ...words]) => {
      const [texts, opening] = words.at(-2) === "in" ? [words.slice(0, -2), ballotIn(words.at(-1)!)] : [words, null];
      const node = this.node(id!);
      this.world.propose(node, opening ?? node.opening, ...texts).forEach((answer, index) => {
        if (answer !== "taken") this.say(`${id} answers "${texts[index]}": ${answer}`);
      });
    },
    read: ([id, token]) => this.world.read(this.node(id!), Number(token), false),
    "lease-read": ([id, token]) => this.world.read(this.node(id!), Number(token), true),
    change: ([id, , ...words]) => {
      const refusal = this.asked(id!, (node) => node.engine.changeMembers(this.membersOf(words)));
      if (refusal !== null) this.say(`${id} refuses: ${refusal.why}`);
    },
    transfer: ([id, , heir]) => {
      const refusal = this.asked(id!, (node) => node.engine.transferTo(Number(heir)));
      if (refusal !== null) this.say(`${id} refuses: ${refusal.why}`);
    },
    "step-down": ([id]) => this.turn(id!, (node) => node.engine.stepDown()),
    suspect: ([id]) => {
      for (const node of this.world.nodes)
        if (node.up && node.id !== Number(id)) this.world.turn(node, () => node.engine.suspect(Number(id)));
    },
    suspend: ([id]) => this.turn(id!, (node) => node.engine.suspended()),
    deliver: (words) => {
      const kept = this.kept.get(words[0]!);
      this.kept.delete(words[0]!);
      for (const flying of kept ?? this.pick(words, true)) this.world.arrive(flying);
    },
    duplicate: (words) => {
      for (const flying of this.pick(words, false)) this.world.arrive(flying);
    },
    drop: (words) => void this.pick(words, true),
    keep: (words) => void this.kept.set(words[words.length - 1]!, this.pick(words.slice(0, -2), true)),
    settle: () => this.world.settle(),
    tick: ([ms, , ...still]) => this.pass(Number(ms), this.all(still), false),
    run: ([ms, , ...still]) => this.quietly(() => this.pass(Number(ms), this.all(still), true)),
    crash: (words) => {
      const [ids, kept] = words.at(-2) === "keeping" ? [words.slice(0, -2), Number(words.at(-1))] : [words, 0];
      for (const node of this.all(ids)) this.world.crash(node, kept);
    },
    restart: (words) => {
      for (const node of this.all(words)) this.restart(node);
    },
    wipe: ([id]) => {
      const node = this.node(id!);
      if (!node.removed) throw new Error(`node ${id} is still needed`);
      this.world.wipe(node);
    },
    "copy-disk": ([id]) => {
      this.copies.set(id!, this.node(id!).durable);
    },
    "put-back": ([id]) => this.world.putBack(this.node(id!), this.copies.get(id!)!),
    damage: ([id, , slot, ...how]) =>
      this.world.damage(this.node(id!), Number(slot), how.includes("older"), how.includes("above")),
    checkpoint: (words) => {
      for (const node of this.all(words)) this.world.checkpoint(node);
    },
    cut: (links) => {
      for (const link of links) for (const way of waysOf(link)) this.world.cuts.add(way);
    },
    only: (links) => {
      const left = new Set(links.flatMap(waysOf));
      this.world.cuts.clear();
      for (const way of this.ways()) if (!left.has(way)) this.world.cuts.add(way);
    },
    isolate: (words) => {
      const apart = new Set(this.all(words).map((node) => `${node.id}`));
      for (const way of this.ways()) {
        const [from, to] = way.split(" ") as [string, string];
        if (apart.has(from) !== apart.has(to)) this.world.cuts.add(way);
      }
    },
    heal: () => this.world.cuts.clear(),
    state: () => {
      for (const node of this.world.nodes) this.say(this.stateOf(node));
    },
  };

  // ── expectations: they hold in a rewrite, too ──

  private expect([what, ...words]: Words): void {
    const rest = words.join(" ");
    const [before, after] = rest.split(/\s*:\s*/) as [string, string | undefined];
    switch (what) {
      case "leader": {
        const open = this.world.nodes.filter((node) => node.up && node.opening > 0).map((node) => node.id);
        return assert.equal(open.join(" ") || "none", rest, "who is open");
      }
      case "log":
        for (const node of this.nodes(before)) assert.equal(this.logOf(node), after ?? "", `log of node ${node.id}`);
        return;
      case "slot": {
        const [slot, ...at] = before.split(" ");
        for (const node of at.flatMap((id) => this.nodes(id))) {
          const entry = node.log.get(Number(slot));
          const text = entry === undefined ? "unknown" : entry.kind === "batch" ? textOf(entry.bytes) : entry.kind;
          assert.equal(text, after, `slot ${slot} at node ${node.id}`);
        }
        return;
      }
      case "knows":
        for (const node of this.nodes(before)) assert.equal(node.chosenTo, Number(after), `chosenTo of ${node.id}`);
        return;
      case "promised":
        for (const node of this.nodes(before))
          assert.equal(showBallot(node.engine.output().promised), after, `promised of ${node.id}`);
        return;
      case "members":
        for (const node of this.nodes(before)) assert.equal(showMembers(node.governing.members), after);
        return;
      case "read":
        return assert.equal(this.reads.get(words[0]!) ?? "waiting", words[1], `read ${words[0]}`);
      case "line":
        return assert.ok(
          this.previous.some((line) => line.includes(rest)),
          `no line says "${rest}":\n${this.previous.join("\n")}`,
        );
      case "no": {
        const line = words.slice(1).join(" ");
        return assert.ok(!this.previous.some((one) => one.includes(line)), `some line says "${line}"`);
      }
      default:
        throw new Error(`no expectation "${what}"`);
    }
  }

  // ── the lab ──

  private form(words: Words): void {
    const given = new Map<string, number[]>([["voters", []]]);
    let at = "voters";
    for (const word of words) {
      if (/^\d+$/.test(word)) given.get(at)!.push(Number(word));
      else given.set((at = word), []);
    }
    const one = (name: string, otherwise: number): number => given.get(name)?.[0] ?? otherwise;
    this.leaseMs = one("lease", 0);
    const zones = given.get("zones");
    const voters = given.get("voters")!.map((id, index) => ({ ...member(id), zone: zones?.[index] ?? 0 }));
    const sizes = { prepare: one("prepare", 0), accept: one("accept", 0) };
    const kind = zones === undefined ? (sizes.prepare > 0 ? "flexible" : "majority") : "zones";
    const limits: EngineLimits = {
      ...ENGINE_DEFAULTS.limits,
      messageEntriesMax: one("page", ENGINE_DEFAULTS.limits.messageEntriesMax),
      windowSlots: one("window", ENGINE_DEFAULTS.limits.windowSlots),
    };
    const nonVoters = (given.get("nonvoters") ?? []).map((id) => member(id));
    this.lab = labOf(
      { voters, nonVoters, quorum: { kind, ...sizes }, leaseMs: this.leaseMs },
      { spare: given.get("spare") ?? [], config: { limits } },
    );
    this.lab.recorder = this.trace;
  }

  private get world(): Lab {
    if (this.lab === null) throw new Error(`a script begins with "group"`);
    return this.lab;
  }

  private node(id: string): LabNode {
    return this.world.node(Number(id));
  }

  private nodes(words: string): readonly LabNode[] {
    return words === "all" ? this.world.nodes : words.split(" ").map((id) => this.node(id));
  }

  private all(words: Words): readonly LabNode[] {
    return words.flatMap((word) => this.nodes(word));
  }

  private turn(id: string, input: (node: LabNode) => void): void {
    const node = this.node(id);
    this.world.turn(node, () => input(node));
  }

  private asked<T>(id: string, input: (node: LabNode) => T): T {
    const answers: T[] = [];
    this.turn(id, (node) => answers.push(input(node)));
    return answers[0]!;
  }

  /** Only changes of state are written down. */
  private quietly(what: () => void): void {
    this.trace.options.messages = false;
    what();
    this.trace.options.messages = true;
  }

  private say(line: string): void {
    this.trace.lines.push(line);
  }

  /** Messages on the wire that `1>2,3 accept`, `*>1` or `*` names. */
  private pick([link = "*", kind]: Words, takes: boolean): Flying[] {
    const [froms, tos] = (link === "*" ? "*>*" : link).split(">") as [string, string];
    const named = (list: string, id: number): boolean => list === "*" || list.split(",").includes(`${id}`);
    const meant = ({ from, to, message }: Flying): boolean =>
      named(froms, from.node) && named(tos, to) && (kind === undefined || message.kind === kind);
    return takes ? this.world.pick(meant) : this.world.wire.filter(meant);
  }

  /** Time passes for all nodes that are up, but for those whose event loop stands `still`. */
  private pass(ms: number, still: readonly LabNode[], delivers: boolean): void {
    const { world } = this;
    for (const endMs = world.nowMs + ms; world.nowMs < endMs;) {
      world.nowMs = Math.min(endMs, world.nowMs + 10);
      for (const node of world.nodes) if (node.up && !still.includes(node)) world.turn(node, () => {});
      if (delivers) world.settle();
    }
  }

  private restart(node: LabNode): void {
    this.world.restart(node);
    this.world.turn(node, () => node.engine.tick(this.world.nowMs));
  }

  private membersOf(words: Words): Members {
    const bar = words.indexOf("|");
    const lease = words.indexOf("lease");
    const numbers = (from: number, to: number): Member[] =>
      words
        .slice(from, to)
        .filter((word) => /^\d+$/.test(word))
        .map((id) => ({ ...member(Number(id)), incarnation: this.node(id).incarnation }));
    const end = lease < 0 ? words.length : lease;
    return {
      voters: numbers(0, bar < 0 ? end : bar),
      nonVoters: bar < 0 ? [] : numbers(bar, end),
      quorum: MAJORITY,
      leaseMs: lease < 0 ? this.leaseMs : Number(words[lease + 1]),
    };
  }

  private ways(): string[] {
    const ids = this.world.nodes.map((node) => node.id);
    return ids.flatMap((from) => ids.filter((to) => to !== from).map((to) => `${from} ${to}`));
  }

  private logOf(node: LabNode): string {
    return this.trace.appliedAt(node).join(" ");
  }

  private stateOf(node: LabNode): string {
    const { durable } = node;
    const votes = durable.accepted.map((entry) => `${entry.slot} in ${showBallot(entry.ballot)}`);
    const open = node.opening > 0 ? `, open in ${showBallot(node.opening)}` : "";
    const up = node.up ? "" : ", down";
    const held = votes.length > 0 ? `votes ${votes.join(", ")}` : "no votes";
    return `${node.id} disk: promised ${durable.promised === 0 ? "nothing" : showBallot(durable.promised)}, ${held}; knows ${node.chosenTo}${open}${up}`;
  }
}

/** `2.1` is round 2 of node 1. */
function ballotIn(text: string): Ballot {
  const [round, node] = text.split(".").map(Number) as [number, number];
  return ballotOf(round, node);
}

const textOf = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

/** `1-2` is both ways, `1>2` is one. */
function waysOf(link: string): string[] {
  const [from, sign, to] = link.split(/([->])/) as [string, string, string];
  return sign === ">" ? [`${from} ${to}`] : [`${from} ${to}`, `${to} ${from}`];
}
