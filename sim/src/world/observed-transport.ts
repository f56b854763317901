import type { PeerMessage, Transport } from "@quorate/log";
import { decodePeerFrame } from "@quorate/net/codec";
import type { Speaker } from "@quorate/paxos";
import { encodePeerFrame } from "./corrupt-frames.ts";

/** What is told of every message as it arrives. */
type Receive = Parameters<Transport["open"]>[0];

/**
 * A transport that shows every message as it is sent.
 *
 * @param wire - who receives is given what the codec of production makes of the bytes that it would have sent, not the sender's own objects.
 */
export function observedTransport(
  transport: Transport,
  wire: boolean,
  sent: (speaker: Speaker, to: readonly number[], message: PeerMessage) => void,
): Transport {
  return {
    send: (group, speaker, to, message) => {
      sent(speaker, to, message);
      transport.send(group, speaker, to, message);
    },
    endTurn: () => transport.endTurn(),
    queuedBytes: (node) => transport.queuedBytes(node),
    open: (receive, refused) => transport.open(wire ? fromBytes(receive) : receive, refused),
    close: () => transport.close(),
  };
}

function fromBytes(receive: Receive): Receive {
  return (speaker, group, message) => {
    const bytes = encodePeerFrame([{ group, speaker, message }]);
    for (const said of decodePeerFrame(bytes, speaker.node)) receive(said.from, said.group, said.message);
  };
}
