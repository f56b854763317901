import type { Composite, Restore } from "@quorate/machine";

/**
 * Feeds an image to machines beside the live ones. What a machine throws at a chunk is kept until the end, so that whoever reads the chunks from the
 * disk goes on undisturbed.
 */
export class ImageReader {
  readonly #restore: Restore<Composite>;
  #thrown: { readonly error: unknown } | null = null;

  constructor(restore: Restore<Composite>) {
    this.#restore = restore;
  }

  push(chunk: Uint8Array): void {
    if (this.#thrown !== null) return;
    try {
      this.#restore.push(chunk);
    } catch (error) {
      this.#thrown = { error };
    }
  }

  /** Throws what a machine threw. */
  end(): Composite {
    if (this.#thrown !== null) throw this.#thrown.error;
    return this.#restore.end();
  }
}
