/** Bytes that a power loss keeps or loses as one, or tears: the unit of every decision about unsynced bytes. */
export const SECTOR_BYTES = 512;

/** Where in a torn sector the new bytes may end: a multiple of this. */
export const TEAR_BYTES = 16;
