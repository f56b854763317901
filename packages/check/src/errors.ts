/**
 * What went wrong, stable:
 * `BAD_FORMAT` a line of a history cannot be read · `BAD_HISTORY` the operations contradict each other (a completion without
 * a call, a return before its call) · `BAD_MODEL` the model is unknown, or does not know an operation · `BAD_OPTION` a limit
 * is out of its bounds.
 */
export type CheckCode = "BAD_FORMAT" | "BAD_HISTORY" | "BAD_MODEL" | "BAD_OPTION";

/**
 * The one error that this package throws: the input cannot be judged at all. A history that can be judged never throws,
 * however wrong it is; it has a verdict.
 */
export class CheckError extends Error {
  readonly code: CheckCode;
  /** Line of the text that was read, 1-based; 0 where there is no text. */
  readonly line: number;

  constructor(code: CheckCode, message: string, line: number = 0) {
    super(line > 0 ? `line ${line}: ${message}` : message);
    this.name = "CheckError";
    this.code = code;
    this.line = line;
  }
}
