/** One step of a script. */
export interface ScriptStep {
  /** `end`: `session` ends instead of sending `command`. */
  readonly kind: "command" | "end";
  readonly session: number;
  readonly command: Uint8Array;
  /** Log time that passes before it, in milliseconds. */
  readonly afterMs: number;
}

/** Sessions that live side by side. */
const SESSIONS = 4;

/** Random steps of a few sessions, of which some end and are followed by others; with now and then a leap in time. */
export function makeScript(random: () => number, steps: number, command: () => Uint8Array): readonly ScriptStep[] {
  const sessions: number[] = [];
  for (let session = 1; session <= SESSIONS; session++) sessions.push(session);
  let lastSession = SESSIONS;
  const script: ScriptStep[] = [];
  for (let index = 0; index < steps; index++) {
    const place = Math.floor(random() * SESSIONS);
    const ends = random() < 0.05;
    script.push({
      kind: ends ? "end" : "command",
      session: sessions[place]!,
      command: command(),
      afterMs: afterMs(random),
    });
    if (ends) sessions[place] = ++lastSession;
  }
  return script;
}

function afterMs(random: () => number): number {
  const luck = random();
  if (luck < 0.4) return 0;
  if (luck < 0.9) return random() * 100;
  return random() * 60_000;
}

/**
 * Numbers from 0 to less than 1, a function of seed and run.
 * SplitMix32: the finalizer of MurmurHash3 over a Weyl sequence (G. L. Steele et al., "Fast Splittable Pseudorandom Number Generators", 2014).
 */
export function keyedRandom(seed: number, run: number): () => number {
  let state = Math.imul(seed, 0x9e3779b1) ^ Math.imul(run + 1, 0x85ebca6b);
  return () => {
    state = (state + 0x9e3779b9) | 0;
    let mixed = state ^ (state >>> 16);
    mixed = Math.imul(mixed, 0x21f0aaad);
    mixed ^= mixed >>> 15;
    mixed = Math.imul(mixed, 0x735a2d97);
    return ((mixed ^ (mixed >>> 15)) >>> 0) / 0x100000000;
  };
}
