import { InvalidArgumentError } from "commander";

import { connect, LOCAL_ENDPOINTS, type Quorate } from "../connect.ts";

/** Options that every command has. */
export interface CommonOptions {
  readonly json: boolean;
  readonly endpoints: readonly string[];
  readonly timeout: number;
}

/** `10s`, `500ms`, `2m` or a plain number of milliseconds. */
export function durationMs(text: string): number {
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|h)?$/.exec(text);
  if (match === null) throw new InvalidArgumentError("not a duration such as 500ms, 10s or 2m");
  const unit = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 }[(match[2] ?? "ms") as "ms" | "s" | "m" | "h"];
  return Number(match[1]) * unit;
}

/** A whole number from `min` to `max`. */
export function wholeNumber(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!/^\d+$/.test(text) || value < min || value > max)
      throw new InvalidArgumentError(`not a whole number from ${min} to ${max}`);
    return value;
  };
}

function listed(text: string): string[] {
  return text
    .split(",")
    .map((part) => part.trim())
    .filter((part) => part !== "");
}

/** Endpoints separated by commas. */
export function endpointList(text: string): string[] {
  const endpoints = listed(text);
  if (endpoints.length === 0) throw new InvalidArgumentError("no endpoint, as in 127.0.0.1:7401,127.0.0.1:7402");
  return endpoints;
}

/** From QUORATE_ENDPOINTS, else the cluster that `quorate up` starts. */
export function defaultEndpoints(): readonly string[] {
  const given = process.env["QUORATE_ENDPOINTS"];
  const endpoints = listed(given ?? "");
  return endpoints.length === 0 ? LOCAL_ENDPOINTS : endpoints;
}

/** Runs `work` on a connection and closes it, whatever comes. */
export async function withCluster<T>(
  options: CommonOptions & { readonly sessionTtlMs?: number },
  work: (quorate: Quorate) => Promise<T>,
): Promise<T> {
  const { endpoints, sessionTtlMs } = options;
  const quorate = connect({ endpoints, ...(sessionTtlMs === undefined ? {} : { sessionTtlMs }) });
  try {
    return await work(quorate);
  } finally {
    await quorate.close();
  }
}
