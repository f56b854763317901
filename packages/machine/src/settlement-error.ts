import type { Settlement } from "./composite.ts";
import { codeEntry, type Outcome, QuorateError, type RequestId } from "./errors.ts";

/**
 * The error that a settlement is to its caller, or null if it is a result.
 *
 * `SESSION_ENDED` and `RELEASED` are *unknown*: an earlier copy of the request may have been applied (rule 23). So is the refusal of an opening:
 * no number of session 0 can be burnt, and another copy of it may still open a session.
 */
export function settlementError(request: RequestId, settlement: Settlement): QuorateError | null {
  const { error, bytes } = settlement;
  if (error === "") return null;
  const { meaning, action } = codeEntry(error);
  const words = bytes.length === 0 ? meaning : new TextDecoder().decode(bytes);
  return new QuorateError(
    error,
    outcomeOf(request, settlement),
    `Request ${request.number} of session ${request.session}: ${words}. To do: ${action}.`,
    { session: request.session, number: request.number, revision: settlement.revision },
    request,
  );
}

function outcomeOf(request: RequestId, { error }: Settlement): Outcome {
  switch (error) {
    case "":
    case "MACHINE_FAULT":
      return "applied";
    case "SESSION_ENDED":
    case "RELEASED":
      return "unknown";
    case "OVERLOADED":
      return request.session === 0 ? "unknown" : "not-applied";
    default:
      return "not-applied";
  }
}
