/** What every platform with WebAssembly has of it, as far as it is used here. */
declare const WebAssembly: {
  readonly Memory: new (size: { readonly initial: number; readonly maximum: number }) => {
    readonly buffer: ArrayBuffer;
  };
};

const PAGE_BYTES = 64 * 1024;

const buffers = new WeakSet<ArrayBufferLike>();

/**
 * Memory that begins where a page begins, as a direct write asks for: other arrays begin behind what the allocator notes of them. The memory of WebAssembly is mapped in whole pages.
 * Where there is no address space for it, it is memory as any.
 */
export function pageMemory(bytes: number): Uint8Array {
  const pages = Math.ceil(bytes / PAGE_BYTES);
  try {
    const { buffer } = new WebAssembly.Memory({ initial: pages, maximum: pages });
    buffers.add(buffer);
    return new Uint8Array(buffer);
  } catch (error) {
    if (error instanceof RangeError) return new Uint8Array(bytes);
    throw error;
  }
}

/** Whether `bytes` begin at a multiple of `alignment` in {@link pageMemory}. */
export function isAligned(bytes: Uint8Array, alignment: number): boolean {
  return buffers.has(bytes.buffer) && bytes.byteOffset % alignment === 0;
}
