/** Values to bytes and back. Equal values give equal bytes; `decode` copies what it keeps and throws on anything unexpected. */
export interface Codec<T> {
  encode(value: T): Uint8Array;
  decode(bytes: Uint8Array): T;
}
