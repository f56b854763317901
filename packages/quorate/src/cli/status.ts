import type { Command } from "commander";

import { endpointOf } from "../connect.ts";
import { type CommonOptions, withCluster } from "./options.ts";
import { printJson, printTable } from "./output.ts";
import { QuorateError } from "@quorate/machine";

const COLUMNS = ["node", "pid", "role", "ballot", "chosen", "applied", "revision", "digest", "logBytes"] as const;

/** `quorate status`: one line per replica. */
export function addStatus(program: Command, withCommon: (command: Command) => Command): void {
  withCommon(program.command("status").description("what each replica says of itself")).action(
    async (options: CommonOptions) => {
      const timeoutMs = Math.min(options.timeout, 2_000);
      const answers = await withCluster(options, ({ client }) =>
        Promise.all(
          options.endpoints.map(async (given) => {
            const endpoint = endpointOf(given);
            try {
              return { endpoint, ...(await client.status(endpoint, { timeoutMs })) };
            } catch (error) {
              return { endpoint, state: "unreachable", why: error instanceof Error ? error.message : String(error) };
            }
          }),
        ),
      );
      const reached = answers.filter((answer) => answer.state !== "unreachable");
      if (reached.length === 0) {
        const tried = answers.map((answer) => `${answer.endpoint}: ${"why" in answer ? answer.why : ""}`).join("; ");
        throw new QuorateError(
          "NO_REPLICA",
          "not-applied",
          `no replica answered. ${tried}. Start one with: quorate up`,
        );
      }
      if (options.json) printJson(answers);
      else {
        const rows = answers.map((answer) => {
          const fields: Readonly<Record<string, string | number>> = answer;
          return [
            fields["endpoint"]!,
            ...COLUMNS.map((column) => fields[column] ?? (column === "role" ? fields["state"]! : "-")),
          ];
        });
        printTable(["endpoint", ...COLUMNS], rows);
      }
    },
  );
}
