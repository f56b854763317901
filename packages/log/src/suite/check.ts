/** One thing that must be true of every implementation of an interface. */
export interface SuiteCheck<S> {
  /** A sentence that says what must be true. */
  readonly name: string;
  /** `done` comes once: with what was wrong, or null. */
  run(subject: S, done: (failure: Error | null) => void): void;
}

/** What a check is given to say things with. */
export interface Verdict {
  /** Ends the check with this failure unless `holds`. */
  must(holds: boolean, what: string): void;
  /** A completion that must be without an error. */
  ok<T>(then: (value: T) => void): (error: Error | null, value: T) => void;
  /** A completion that must have an error with this code. */
  fails(code: string, then: () => void): (error: Error | null) => void;
  pass(): void;
}

/** Makes a check out of a body; a completion that comes in the turn that asked for it, or twice, fails the check. */
export function suiteCheck<S>(name: string, body: (subject: S, verdict: Verdict) => void): SuiteCheck<S> {
  return {
    name,
    run(subject, done) {
      let ended = false;
      const end = (failure: Error | null): void => {
        if (ended) return;
        ended = true;
        done(failure);
      };
      const guard = (act: () => void): void => {
        if (ended) return;
        try {
          act();
        } catch (thrown) {
          end(thrown instanceof Error ? thrown : new Error(String(thrown)));
        }
      };
      let turn = 0;
      const completion = (
        act: (error: Error | null, value: unknown) => void,
      ): ((error: Error | null, value: unknown) => void) => {
        let times = 0;
        const asked = turn;
        return (error, value) => {
          guard(() => {
            times += 1;
            if (times > 1) throw new Error("a completion came twice");
            if (inBody && asked === turn) throw new Error("a completion came in the turn that asked for it");
            turn += 1;
            act(error, value);
          });
        };
      };
      let inBody = true;
      const verdict: Verdict = {
        must(holds, what) {
          if (!holds) throw new Error(what);
        },
        ok: <T>(then: (value: T) => void) =>
          completion((error, value) => {
            if (error !== null) throw error;
            then(value as T);
          }),
        fails: (code, then) => {
          const refused = completion((error) => {
            const found = (error as { readonly code?: string } | null)?.code ?? "no error";
            if (found !== code) throw new Error(`expected ${code}, found ${found}: ${error?.message ?? ""}`);
            then();
          });
          return (error) => {
            refused(error, undefined);
          };
        },
        pass: () => {
          end(null);
        },
      };
      guard(() => {
        body(subject, verdict);
      });
      inBody = false;
    },
  };
}
