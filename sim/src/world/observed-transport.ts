import type { PeerMessage, Transport } from "@quorate/log";
import type { Speaker } from "@quorate/paxos";

/** A transport that shows every message as it is sent. */
export function observedTransport(
  transport: Transport,
  sent: (speaker: Speaker, to: readonly number[], message: PeerMessage) => void,
): Transport {
  return {
    send: (group, speaker, to, message) => {
      sent(speaker, to, message);
      transport.send(group, speaker, to, message);
    },
    endTurn: () => transport.endTurn(),
    queuedBytes: (node) => transport.queuedBytes(node),
    open: (receive, refused) => transport.open(receive, refused),
    close: () => transport.close(),
  };
}
