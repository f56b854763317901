import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { SESSION_TTL_MS } from "@quorate/client";
import type { SimLoad, SimRate } from "./sim-rate.ts";

/** Of the campaign: sessions are to expire within a run. Renewals and clock steps are then as many entries as calls are. */
const SHORT_SESSION_TTL_MS = 1000;

const run = promisify(execFile);
const RATE = fileURLToPath(new URL("./sim-rate.ts", import.meta.url));

/** Five replicas and four clients, with and without faults, with and without checkers; each in a process of its own, with the flags of `npm run sim`. */
export async function simRates(seconds: number): Promise<readonly (SimLoad & SimRate)[]> {
  const rates: (SimLoad & SimRate)[] = [];
  for (const faults of [false, true]) {
    for (const checked of [true, false])
      rates.push(await rateOf({ seconds, faults, checked, sessionTtlMs: SESSION_TTL_MS }));
  }
  rates.push(await rateOf({ seconds, faults: false, checked: true, sessionTtlMs: SHORT_SESSION_TTL_MS }));
  return rates;
}

async function rateOf(load: SimLoad): Promise<SimLoad & SimRate> {
  const { stdout } = await run(process.execPath, [
    "--single-threaded-gc",
    "--import",
    "tsx",
    RATE,
    JSON.stringify(load),
  ]);
  return { ...load, ...(JSON.parse(stdout) as SimRate) };
}
