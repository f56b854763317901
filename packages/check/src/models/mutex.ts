import { ILLEGAL, type Model } from "./model.ts";

/**
 * A lock that one process holds at a time: `acquire`, `release`. The state is the holder's process, `null` while it is free.
 * An acquire that ended with `ok` found it free; a release that ended with `ok` was the holder's. One that ended with `fail`
 * had no effect and saw nothing: a try may give up for other reasons than a holder.
 */
export const mutex: Model = {
  name: "mutex",
  initial: null,
  processMatters: true,
  complaint(operation) {
    return operation.f === "acquire" || operation.f === "release"
      ? null
      : `knows acquire and release, not ${operation.f}`;
  },
  step(state, operation) {
    if (operation.outcome === "fail") return state;
    if (operation.f === "acquire") return state === null ? operation.process : ILLEGAL;
    return state === operation.process ? null : ILLEGAL;
  },
  stepOpen(state, operation) {
    if (operation.f === "acquire") return state ?? operation.process;
    return state === operation.process ? null : state;
  },
  readsOnly(operation) {
    return operation.outcome === "fail";
  },
};
