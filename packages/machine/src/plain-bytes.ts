/**
 * The same bytes, not copied, as a plain `Uint8Array`. A subclass, such as Node's Buffer, cuts its views and copies as instances of itself, and
 * Buffer's own `slice` is a view: what is cut from a plain one behaves alike on every platform.
 */
export function plainBytes(bytes: Uint8Array): Uint8Array {
  return bytes.constructor === Uint8Array ? bytes : new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
