export { checksumOf, type Control, hunt, huntNothing, type HuntOptions, type HuntResult } from "./hunt.ts";
export { type Mutant, rowOf } from "./mutant.ts";
export { MUTANTS } from "./patches/index.ts";
export { nextStep } from "./plan.ts";
export { matchesOf, nodeArguments, type Patch, withPlanted } from "./plant.ts";
export type { Results } from "./results.ts";
export { ROWS, summaryOf, tableOf } from "./table.ts";
