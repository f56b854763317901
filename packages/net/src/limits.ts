/** Bytes after which what one turn says to a client, or a client says, goes on in another message: half of what either side takes in one. */
export const TURN_MESSAGE_BYTES_MAX: number = 4 * 1024 * 1024;

/** Bounds on what others may cost this process. Every one has a counter where it bites. */
export interface NetLimits {
  /** Bytes of one message between peers. Must hold the largest batch and snapshot chunk. */
  readonly peerFrameBytesMax: number;
  /** Bytes of one message from a client. */
  readonly clientFrameBytesMax: number;
  /** Bytes that may wait for one peer; what would come on top is lost, as on a bad network. */
  readonly peerQueueBytesMax: number;
  /** Bytes that may wait for one client; beyond it the client is shed: its connection is closed. */
  readonly clientQueueBytesMax: number;
  /** Client connections at a time. */
  readonly connectionsMax: number;
  /** Calls and reads of one connection that wait for their answer; more are refused with `OVERLOADED`. */
  readonly inFlightMax: number;
  /** Watches of one connection; more are refused with `OVERLOADED`. */
  readonly watchesMax: number;
  /** A watch is pulled only while fewer bytes than this wait for its client. */
  readonly watchRoomBytes: number;
  /** Bytes asked for in one pull of a watch. */
  readonly pullBytes: number;
  /** Milliseconds from the connection to its hello. */
  readonly helloMs: number;
  /** A peer link that was silent for this long is asked for a sign of life. */
  readonly pingMs: number;
  /** A peer link that was silent for this long is dead. More than twice `pingMs`. */
  readonly peerSilenceMs: number;
  /** A client that was silent for this long is gone. Clients ping every second. */
  readonly clientSilenceMs: number;
  /** First and longest pause between two attempts to reach a peer. */
  readonly redialMsMin: number;
  readonly redialMsMax: number;
}

/** What holds where nothing else was chosen. */
export const NET_LIMITS: NetLimits = {
  peerFrameBytesMax: 64 * 1024 * 1024,
  clientFrameBytesMax: 8 * 1024 * 1024,
  peerQueueBytesMax: 64 * 1024 * 1024,
  clientQueueBytesMax: 16 * 1024 * 1024,
  connectionsMax: 4096,
  inFlightMax: 16_384,
  watchesMax: 1024,
  watchRoomBytes: 256 * 1024,
  pullBytes: 64 * 1024,
  helloMs: 5000,
  pingMs: 1000,
  peerSilenceMs: 4000,
  clientSilenceMs: 30_000,
  redialMsMin: 20,
  redialMsMax: 1000,
};
