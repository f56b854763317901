import { Fence } from "@quorate/lock";
import { QuorateError } from "@quorate/machine";
import type { World } from "../world/world.ts";

/** How long the resource takes to store a token. */
const STORED_MS = 5;

/** Something outside the log that a lock protects: its writes stand behind a fence, and come whenever they come. It is started anew now and then. */
export class FencedResource {
  readonly #name: string;
  readonly #world: World;
  #fence: Fence;
  #starts = 1;
  /** As its disk has it. */
  #stored = 0;
  /** The highest token that anything was written under. */
  #written = 0;

  constructor(name: string, world: World) {
    this.#name = name;
    this.#world = world;
    this.#fence = this.#fenced();
  }

  /** Writes under a token. Throws QuorateError: `FENCED`, or `CLOSED` if the resource was started anew meanwhile. */
  write(token: number): Promise<void> {
    const starts = this.#starts;
    return this.#fence.run(token, () => {
      this.#lives(starts);
      if (token < this.#written) {
        this.#world.report("I2", `${this.#name} is written under token ${token}, after token ${this.#written}`);
      }
      this.#written = Math.max(token, this.#written);
    });
  }

  /** The process of the resource ends, and another begins with the token that was stored last. */
  restart(): void {
    this.#starts += 1;
    this.#fence = this.#fenced();
  }

  #fenced(): Fence {
    const starts = this.#starts;
    return new Fence({
      highestToken: this.#stored,
      persist: async (token) => {
        await this.#passes(STORED_MS);
        this.#lives(starts);
        this.#stored = token;
      },
    });
  }

  #passes(ms: number): Promise<void> {
    const { time } = this.#world;
    return new Promise((resolve) => {
      time.after(ms, () => {
        this.#world.unsettled = true;
        resolve();
      });
    });
  }

  #lives(starts: number): void {
    if (starts === this.#starts) return;
    throw new QuorateError("CLOSED", "unknown", `${this.#name} was started anew while it was written to.`);
  }
}
