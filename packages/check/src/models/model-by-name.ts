import { CheckError } from "../errors.ts";
import { casRegister } from "./cas-register.ts";
import { kv } from "./kv.ts";
import type { Model } from "./model.ts";
import { mutex } from "./mutex.ts";
import { register } from "./register.ts";

/** Names of the models that stand in this package. */
export const MODEL_NAMES: readonly string[] = ["register", "cas-register", "kv", "mutex"];

/**
 * The model of that name; a key-value store tells absent from empty.
 *
 * @throws CheckError `BAD_MODEL` if there is none.
 */
export function modelByName(name: string): Model {
  switch (name) {
    case "register":
      return register;
    case "cas-register":
      return casRegister;
    case "kv":
      return kv();
    case "mutex":
      return mutex;
    default:
      throw new CheckError(
        "BAD_MODEL",
        `there is no model ${JSON.stringify(name)}; choose one of ${MODEL_NAMES.join(", ")}`,
      );
  }
}
