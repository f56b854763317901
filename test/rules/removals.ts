import { ENGINE } from "./engine.ts";
import type { Removal } from "./removal.ts";
import { SESSIONS } from "./sessions.ts";

/** Every removal, by rule. */
export const REMOVALS: readonly Removal[] = [...ENGINE, ...SESSIONS].sort((one, other) => one.rule - other.rule);
