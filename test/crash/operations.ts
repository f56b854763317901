/** One operation of the crash run, as its caller saw it. Times in milliseconds of one clock. */
export interface Operation {
  readonly process: number;
  readonly kind: "put" | "get" | "cas";
  readonly key: string;
  readonly invokeMs: number;
  /** Infinity: its outcome is unknown. */
  returnMs: number;
  /** Written, or read ("" for a key that was absent). */
  value: string;
  /** Of a write: the revision that applied it. Of a read: the revision that it reflects. 0: unknown. */
  revision: number;
  /** Of a read: the revision that wrote what was read; 0: absent. */
  modRevision: number;
  /** Of a cas that was refused: nothing was written, and `modRevision` is what it met. */
  refused: boolean;
}
