import type { QuorateError } from "@quorate/machine";
import type { Done } from "../disk/disk.ts";

/**
 * What is to be told at the end of a turn. Every `done` of a replica goes through here, so nobody is called back inside
 * a call, and the replies of a turn leave together.
 */
export class Answers {
  readonly #wake: () => void;
  /** Whom to tell, with what; side by side, since there is one for each command. */
  #tell: Done<unknown>[] = [];
  #errors: (QuorateError | null)[] = [];
  #values: unknown[] = [];

  /** `wake` makes sure that a turn comes. */
  constructor(wake: () => void) {
    this.#wake = wake;
  }

  add<T>(done: Done<T>, error: QuorateError | null, value: T): void {
    if (this.#tell.length === 0) this.#wake();
    this.#tell.push(done as Done<unknown>);
    this.#errors.push(error);
    this.#values.push(value);
  }

  /** Refuses: an error carries no value. */
  refuse<T>(done: Done<T>, error: QuorateError): void {
    this.add(done, error, undefined as T);
  }

  /** Tells what was added before this call; what is added meanwhile comes in the next turn. */
  flush(): void {
    if (this.#tell.length === 0) return;
    const tell = this.#tell;
    const errors = this.#errors;
    const values = this.#values;
    this.#tell = [];
    this.#errors = [];
    this.#values = [];
    for (let index = 0; index < tell.length; index++) tell[index]!(errors[index]!, values[index]);
    if (this.#tell.length > 0) this.#wake();
  }
}
