import { fork } from "node:child_process";
import { type CampaignOptions, type CampaignResult } from "./campaign.ts";
import { merged } from "./merge.ts";

/** What the process of a share tells the one that began it. */
type Told = { readonly progress: Parameters<CampaignOptions["progress"]> } | { readonly result: CampaignResult };

/**
 * Runs a campaign in `jobs` processes at a time, each with its share of the seeds; what a share prints, such as a failure, is printed at once.
 *
 * @param words - the command line of the campaign, which each process is given too.
 * @throws Error if a process ends without a result; the others are ended then.
 */
export async function runShares(
  words: readonly string[],
  jobs: number,
  options: CampaignOptions,
): Promise<CampaignResult> {
  const seen: Parameters<CampaignOptions["progress"]>[] = [];
  const children = Array.from({ length: jobs }, (_, index) =>
    fork(process.argv[1]!, [...words, "--share", `${index + 1}/${jobs}`]),
  );
  const shares = children.map(
    (child, index) =>
      new Promise<CampaignResult>((resolve, reject) => {
        let result: CampaignResult | null = null;
        child.on("message", (told: Told) => {
          if ("result" in told) {
            result = told.result;
            return child.disconnect();
          }
          seen[index] = told.progress;
          const sum = (at: 0 | 1 | 2): number => seen.reduce((all, each) => all + (each?.[at] ?? 0), 0);
          options.progress(sum(0), sum(1), sum(2));
        });
        child.on("error", reject);
        child.on("exit", (code, signal) => {
          if (result !== null) resolve(result);
          else reject(new Error(`share ${index + 1} of ${jobs} ended with ${signal ?? `code ${code}`} and no result`));
        });
      }),
  );
  try {
    return merged(await Promise.all(shares), options);
  } finally {
    for (const child of children) child.kill();
  }
}

/** For the process of a share. */
export function tellParent(told: Told): void {
  process.send!(told);
}

/** The process of a share ends when the one that began it is gone. */
export function endWithParent(): void {
  process.on("disconnect", () => process.exit());
}
