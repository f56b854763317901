const utf8Encoder = new TextEncoder();
const utf8Decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/**
 * Texts and their UTF-8, for the few that come again and again: for short ones the platform's coders cost more than all else. The first
 * texts seen are remembered, up to a number and a length; others are coded each time.
 */
export class KnownTexts {
  readonly #countMax: number;
  readonly #bytesMax: number;
  readonly #texts: string[] = [];
  readonly #bytes: Uint8Array[] = [];

  constructor(countMax: number, bytesMax: number) {
    this.#countMax = countMax;
    this.#bytesMax = bytesMax;
  }

  /** The UTF-8 of `text`, not to be changed. */
  bytesOf(text: string): Uint8Array {
    const index = this.#texts.indexOf(text);
    if (index >= 0) return this.#bytes[index]!;
    const bytes = utf8Encoder.encode(text);
    // Half a surrogate pair is coded as another character: these bytes are not those of this text.
    if (utf8Decoder.decode(bytes) === text) this.#remember(text, bytes);
    return bytes;
  }

  /**
   * The text whose UTF-8 is `bytes[from … end)`.
   *
   * @throws TypeError if that is no UTF-8.
   */
  textOf(bytes: Uint8Array, from: number, end: number): string {
    for (let index = 0; index < this.#bytes.length; index++) {
      if (isAt(this.#bytes[index]!, bytes, from, end)) return this.#texts[index]!;
    }
    const copy = bytes.slice(from, end);
    const text = utf8Decoder.decode(copy);
    this.#remember(text, copy);
    return text;
  }

  #remember(text: string, bytes: Uint8Array): void {
    if (this.#texts.length >= this.#countMax || bytes.length > this.#bytesMax) return;
    this.#texts.push(text);
    this.#bytes.push(bytes);
  }
}

function isAt(known: Uint8Array, bytes: Uint8Array, from: number, end: number): boolean {
  if (known.length !== end - from) return false;
  for (let index = 0; index < known.length; index++) if (known[index] !== bytes[from + index]) return false;
  return true;
}
