import type { PeerMessage, Transport } from "@quorate/log";

/** A transport that shows every message as it is sent. */
export function observedTransport(transport: Transport, sent: (message: PeerMessage) => void): Transport {
  return {
    send: (group, speaker, to, message) => {
      sent(message);
      transport.send(group, speaker, to, message);
    },
    endTurn: () => transport.endTurn(),
    queuedBytes: (node) => transport.queuedBytes(node),
    open: (receive, refused) => transport.open(receive, refused),
    close: () => transport.close(),
  };
}
