import type { Message, Output, Speaker } from "@quorate/paxos";
import type { GroupLog } from "../wal/group-log.ts";
import type { Governings } from "./governings.ts";

/** How far an engine's records are durable. */
export interface Persisted {
  readonly seq: number;
  readonly unit: number;
}

/**
 * The output of an engine, in order: its records to the log, its messages to the transport. What is durable comes back in a later turn; until then
 * the engine itself holds back every message that speaks for a record.
 */
export class CarryOut {
  readonly #log: GroupLog;
  readonly #governings: Governings;
  readonly #send: (speaker: Speaker, to: readonly number[], message: Message) => void;
  readonly #wake: () => void;
  #appendedSeq = 0;
  #persistedSeq = 0;
  #persistedUnit = 0;
  #toldSeq = 0;
  messagesSent = 0;
  recordsAppended = 0;

  constructor(
    log: GroupLog,
    governings: Governings,
    send: (speaker: Speaker, to: readonly number[], message: Message) => void,
    wake: () => void,
  ) {
    this.#log = log;
    this.#governings = governings;
    this.#send = send;
    this.#wake = wake;
  }

  /** Records are on their way to the disk. */
  get writing(): boolean {
    return this.#appendedSeq > this.#persistedSeq;
  }

  /** What became durable since the last call; `null`: nothing. */
  takePersisted(): Persisted | null {
    if (this.#persistedSeq === this.#toldSeq) return null;
    this.#toldSeq = this.#persistedSeq;
    return { seq: this.#persistedSeq, unit: this.#persistedUnit };
  }

  carry(output: Output): void {
    if (output.records.length > 0) this.#append(output);
    for (const { to, message } of output.sends) {
      this.messagesSent += 1;
      this.#send(output.speaker, to, message);
    }
  }

  #append(output: Output): void {
    const { seq, records } = output;
    for (const record of records) if (record.kind === "members") this.#governings.add(record.governing);
    this.#appendedSeq = seq;
    this.recordsAppended += records.length;
    this.#log.append(records, (unit) => {
      this.#persistedSeq = seq;
      this.#persistedUnit = unit;
      this.#wake();
    });
  }
}
