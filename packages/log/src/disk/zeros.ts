const ROOM_BYTES = 64 * 1024;

/** Small arrays that live for one write, one sync or one look are laid out in larger ones: an array with memory of its own costs more than all that is done to it. */
let room: Uint8Array = new Uint8Array(ROOM_BYTES);
let roomUsed = 0;

/** An array of `length` zeros, for what is soon forgotten: a small one holds on to 64 KiB. */
export function zeros(length: number): Uint8Array {
  if (length > ROOM_BYTES / 16) return new Uint8Array(length);
  if (roomUsed + length > ROOM_BYTES) {
    room = new Uint8Array(ROOM_BYTES);
    roomUsed = 0;
  }
  roomUsed += length;
  return room.subarray(roomUsed - length, roomUsed);
}
