import type { Removal } from "./removal.ts";

const COMPOSE = "test/machine/compose.test.ts";
const CLIENT = "test/client/client.test.ts";
const HELD_LOCK = "test/lock/client/held-lock.test.ts";

/** What machine, client, locks and replica keep: rules 9 and 23 to 26. */
export const SESSIONS: readonly Removal[] = [
  {
    rule: 9,
    without: "void batches are applied",
    patches: [
      {
        file: "packages/log/src/replica/applier.ts",
        anchor: "      if (counted) this.#composite.step(entry.bytes, this.#reply);\n",
        replacement: "      if (entry.slot > 0) this.#composite.step(entry.bytes, this.#reply);\n",
      },
    ],
    test: "test/log/replica/applier.test.ts",
  },
  {
    rule: 23,
    without: "a copy of a request is applied once more",
    patches: [
      {
        file: "packages/machine/src/compose.ts",
        anchor: "    if (first !== undefined) return first;\n",
        replacement: "    if (first !== undefined) return this.applyTo(session, command);\n",
      },
    ],
    test: COMPOSE,
  },
  {
    rule: 23,
    without: "a released number is applied again",
    patches: [
      {
        file: "packages/machine/src/compose.ts",
        anchor: `    if (request.number <= session.requests.releasedTo) return this.refusal("RELEASED");\n`,
        replacement:
          "    if (request.number <= session.requests.releasedTo && request.number > 0) return this.applyTo(session, command);\n",
      },
    ],
    test: COMPOSE,
  },
  {
    rule: 23,
    without: "settle burns nothing",
    patches: [
      {
        file: "packages/machine/src/compose.ts",
        anchor: `      this.table.keep(session, number, this.refusal("BURNT"));\n`,
        replacement: "",
      },
    ],
    test: COMPOSE,
  },
  {
    rule: 23,
    without: "a session that has ended goes on",
    patches: [
      {
        file: "packages/machine/src/session/table.ts",
        anchor: "    this.sessions.delete(id);\n",
        replacement: "",
      },
    ],
    test: COMPOSE,
  },
  {
    rule: 23,
    without: "a request that finds its session ended is called not applied",
    patches: [
      {
        file: "packages/machine/src/settlement-error.ts",
        anchor: `    case "SESSION_ENDED":\n    case "RELEASED":\n      return "unknown";`,
        replacement: `    case "SESSION_ENDED":\n    case "RELEASED":\n      return "not-applied";`,
      },
    ],
    test: "test/log/replica/replies.test.ts",
  },
  {
    rule: 24,
    without: "a refusal is believed though an earlier copy may have got through",
    patches: [
      {
        file: "packages/client/src/request.ts",
        anchor: "(this.inDoubt || this.link !== null)",
        replacement: "(this.inDoubt && this.link !== null)",
      },
    ],
    test: CLIENT,
  },
  {
    rule: 24,
    without: "cancelling here is an answer",
    patches: [
      {
        file: "packages/client/src/requests.ts",
        anchor: "    if (request.mayBeApplied) {\n",
        replacement: `    if (request.mayBeApplied && code !== "ABORTED") {\n`,
      },
    ],
    test: CLIENT,
  },
  {
    rule: 24,
    without: "a replica that could not tell is forgotten once another refuses",
    patches: [
      {
        file: "packages/client/src/request.ts",
        anchor: `      if (frame.outcome === "unknown" && !frame.settled) this.inDoubt = true;\n`,
        replacement: "",
      },
    ],
    test: CLIENT,
  },
  {
    rule: 24,
    without: "a replica that leads no more calls not applied what it had handed to its engine",
    patches: [
      {
        file: "packages/log/src/replica/replica.ts",
        anchor: `noLeader(this.#room.group, this.#hint(), "unknown", request)`,
        replacement: `noLeader(this.#room.group, this.#hint(), "not-applied", request)`,
      },
    ],
    test: "test/log/replica/replica.test.ts",
  },
  {
    rule: 25,
    without: "a session is believed in for all of its lifetime, whatever clocks do",
    patches: [
      {
        file: "packages/machine/src/session/belief.ts",
        anchor: "return firstSentMs + (ttlMs * (1 - drift)) / (1 + drift) - APART_MS_MAX;",
        replacement: "return firstSentMs + ttlMs + drift * 0;",
      },
    ],
    test: "test/machine/session/belief.test.ts",
  },
  {
    rule: 25,
    without: "belief counts from the copy of a renewal that was answered",
    patches: [
      {
        file: "packages/client/src/request.ts",
        anchor: "if (this.firstSentMs < 0) {",
        replacement: "if (this.firstSentMs < Infinity) {",
      },
    ],
    test: CLIENT,
  },
  {
    rule: 25,
    without: "a session is believed in while its close is on the way",
    patches: [
      {
        file: "packages/client/src/sessions.ts",
        anchor:
          "    session.end();\n    const { requests, limits } = this.#options;\n    const bytes = sessionCommands.encodeClose();\n",
        replacement:
          "    const { requests, limits } = this.#options;\n    const bytes = sessionCommands.encodeClose();\n    this.#options.clock.after(0, () => session.end());\n",
      },
    ],
    test: CLIENT,
  },
  {
    rule: 25,
    without: "a lock is believed in while its release is on the way",
    patches: [
      {
        file: "packages/lock/src/client/held-lock.ts",
        anchor: `      this.become("released");\n      this.releasing = this.sendRelease();\n`,
        replacement: `      this.releasing = this.sendRelease().then(() => this.become("released"));\n`,
      },
    ],
    test: HELD_LOCK,
  },
  {
    rule: 26,
    without: "a clock that stood still is not noticed",
    patches: [
      {
        file: "packages/machine/src/suspension.ts",
        anchor: "if (Math.abs(apartMs) <= APART_MS_MAX) return 0;",
        replacement: "if (apartMs >= -APART_MS_MAX) return 0;",
      },
    ],
    test: "test/machine/suspension.test.ts",
  },
  {
    rule: 26,
    without: "short sleeps are forgotten from look to look",
    patches: [
      {
        file: "packages/machine/src/suspension.ts",
        anchor: "    if (Math.abs(apartMs) <= APART_MS_MAX) return 0;\n",
        replacement:
          "    if (Math.abs(apartMs) <= APART_MS_MAX) {\n      this.aheadMs += apartMs;\n      return 0;\n    }\n",
      },
    ],
    test: "test/machine/suspension.test.ts",
  },
  {
    rule: 26,
    without: "a client that slept believes on",
    patches: [
      {
        file: "packages/client/src/sessions.ts",
        anchor: "    this.#current.suspended();\n",
        replacement: "",
      },
    ],
    test: CLIENT,
  },
  {
    rule: 26,
    without: "a renewal that began before the sleep confirms after it",
    patches: [
      {
        file: "packages/client/src/sessions.ts",
        anchor: "if (reply === null || request.era !== this.#era) return look(0);",
        replacement: "if (reply === null) return look(0);",
      },
    ],
    test: CLIENT,
  },
  {
    rule: 26,
    without: "a holder that slept believes on",
    patches: [
      {
        file: "packages/lock/src/client/keeper.ts",
        anchor: "    this.suspensions += 1;\n",
        replacement: "",
      },
    ],
    test: HELD_LOCK,
  },
  {
    rule: 26,
    without: "assertHeld waits for a timer instead of comparing clocks",
    patches: [
      {
        file: "packages/lock/src/client/held-lock.ts",
        anchor: "  get state(): HeldLockState {\n    this.keeper.look();\n    this.look();\n",
        replacement: "  get state(): HeldLockState {\n",
      },
    ],
    test: HELD_LOCK,
  },
];
