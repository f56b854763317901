import assert from "node:assert/strict";
import { type CheckCode, CheckError } from "@quorate/check";

/** Asserts that reading ends with this error, on this line. */
export function refused(read: () => unknown, code: CheckCode, line: number, message: RegExp): void {
  assert.throws(read, (error: unknown) => {
    assert.ok(error instanceof CheckError, String(error));
    assert.deepEqual([error.code, error.line], [code, line], error.message);
    assert.match(error.message, message);
    return true;
  });
}
