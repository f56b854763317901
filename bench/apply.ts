import { kv, kvMachine } from "@quorate/kv";
import { lockMachine } from "@quorate/lock";
import {
  type BatchCommand,
  type Caller,
  compose,
  encodeBatch,
  SESSION_MACHINE,
  sessionCommands,
  sessionResults,
} from "@quorate/machine";

/** What it costs a replica to apply a put, and nothing else. */
export interface ApplyCost {
  readonly puts: number;
  readonly putsPerBatch: number;
  readonly keys: number;
  readonly valueBytes: number;
  /** Processor time, that of the collector's threads included. */
  readonly cpuMicrosPerPut: number;
}

const SESSIONS = 8;
const PUTS_PER_BATCH = 100;
const KEYS = 10_000;
/** Encoded ahead, so that only what is measured happens while it is measured. */
const BATCHES_AHEAD = 500;
/** Results that their owner has not released: as many as one of 256 callers over 8 connections leaves. */
const UNRELEASED = 32;

/** The store and the locks in one log, fed with batches of puts for so many seconds of processor time, after a third of that to warm up. */
export async function applyCost(seconds: number, valueBytes: number): Promise<ApplyCost> {
  const commands = await putCommands(valueBytes);
  const machine = compose([kvMachine(), lockMachine]);
  let logTimeMs = 0;
  const sessions: number[] = [];
  for (let index = 0; index < SESSIONS; index++) {
    const request = { session: 0, number: index + 1 };
    const open = {
      request,
      releasedTo: 0,
      machine: SESSION_MACHINE,
      command: sessionCommands.encodeOpen({ ttlMs: 8e7 }),
    };
    machine.step(encodeBatch(logTimeMs, [open]), (_, { bytes }) =>
      sessions.push(sessionResults.decodeOpened(bytes).session),
    );
  }
  let next = 0;
  const batch = (): Uint8Array => {
    const puts: BatchCommand[] = [];
    for (let index = 0; index < PUTS_PER_BATCH; index++, next++) {
      const number = Math.floor(next / SESSIONS) + 1;
      puts.push({
        request: { session: sessions[next % SESSIONS]!, number },
        releasedTo: Math.max(0, number - UNRELEASED),
        machine: "kv",
        command: commands[next % KEYS]!,
      });
    }
    logTimeMs += 1;
    return encodeBatch(logTimeMs, puts);
  };
  const run = (microsMax: number): { readonly puts: number; readonly micros: number } => {
    let puts = 0;
    let micros = 0;
    while (micros < microsMax) {
      const batches = Array.from({ length: BATCHES_AHEAD }, batch);
      const before = process.cpuUsage();
      for (const bytes of batches) machine.step(bytes, () => undefined);
      const { user, system } = process.cpuUsage(before);
      micros += user + system;
      puts += BATCHES_AHEAD * PUTS_PER_BATCH;
    }
    return { puts, micros };
  };
  run((seconds * 1e6) / 3);
  const { puts, micros } = run(seconds * 1e6);
  const cpuMicrosPerPut = Math.round((micros / puts) * 100) / 100;
  return { puts, putsPerBatch: PUTS_PER_BATCH, keys: KEYS, valueBytes, cpuMicrosPerPut };
}

/** A put of each key, in the bytes that a client would send. */
async function putCommands(valueBytes: number): Promise<Uint8Array[]> {
  const commands: Uint8Array[] = [];
  const unused = (): never => {
    throw new Error("only calls are made here");
  };
  const caller: Caller = {
    call(_machine, command) {
      commands.push(command);
      return Promise.reject(new Error("kept"));
    },
    read: unused,
    watch: unused,
    settle: unused,
    session: unused,
  };
  const store = kv(caller);
  const value = new Uint8Array(valueBytes).fill(120);
  await Promise.allSettled(Array.from({ length: KEYS }, (_, index) => store.put(`key-${index}`, value)));
  return commands;
}
