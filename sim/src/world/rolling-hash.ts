const double = new Float64Array(1);
const words = new Uint32Array(double.buffer);

/** A hash over all that happened so far, in order, 64 bits: two runs that end with the same value took the same steps. */
export class RollingHash {
  #left = 0x243f6a88;
  #right = 0x85a308d3;

  /** Any number, by its bits. */
  add(value: number): void {
    if (Number.isInteger(value) && value >= 0 && value <= 0xffff_ffff) return this.#word(value);
    double[0] = value;
    this.#word(words[0]!);
    this.#word(words[1]!);
  }

  addText(text: string): void {
    for (let index = 0; index < text.length; index++) this.#word(text.charCodeAt(index));
    this.#word(text.length);
  }

  /** 16 hexadecimal digits. */
  toString(): string {
    const hex = (word: number): string => (word >>> 0).toString(16).padStart(8, "0");
    return hex(this.#left) + hex(this.#right);
  }

  #word(word: number): void {
    const left = Math.imul(this.#left ^ word, 0x9e3779b1);
    const right = Math.imul((this.#right + word) | 0, 0x85ebca6b);
    this.#left = (left ^ (right >>> 15)) | 0;
    this.#right = (right ^ (left >>> 13)) | 0;
  }
}
