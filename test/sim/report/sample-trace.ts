import { type Trace, traceEvent } from "@quorate/sim";

/**
 * Node 1 sends to node 2, whose vote is lost with its power; node 3 hears of nothing that matters and talks to node 1. The message to node 3 is lost, one arrives twice.
 */
export const SAMPLE: Trace = {
  lanes: [
    { id: 1, name: "node 1", kind: "node" },
    { id: 2, name: "node 2", kind: "node" },
    { id: 3, name: "node 3", kind: "node" },
    { id: 1025, name: "client 1", kind: "client" },
  ],
  droppedEvents: 7,
  events: [
    traceEvent("call", 1, 1025, { id: 1, text: "write of key-1" }),
    traceEvent("send", 2, 3, { id: 10, peer: 1, what: "fetch", text: "fetch from slot 1" }),
    traceEvent("send", 3, 1, { id: 11, peer: 2, what: "accept", text: "accept 1.1 slot 1 <batch>" }),
    traceEvent("send", 3, 1, { id: 12, peer: 3, what: "accept", text: "accept 1.1 slot 1 <batch>" }),
    traceEvent("lost", 4, 3, { id: 12, text: "lost" }),
    traceEvent("arrive", 4, 2, { id: 11, text: "accept 1.1 slot 1 <batch>" }),
    traceEvent("arrive", 5, 2, { id: 11, text: "accept 1.1 slot 1 <batch>" }),
    traceEvent("vote", 6, 2, { slot: 1, ballot: "1.1", value: "v1", text: "votes for v1 in slot 1, ballot 1.1" }),
    traceEvent("fault", 7, 0, { id: 1, text: "node 2 loses power" }),
    traceEvent("life", 7, 2, { what: "dies", text: "loses power" }),
    traceEvent("life", 9, 2, { what: "starts", text: "starts" }),
    traceEvent("end", 9, 0, { id: 1, text: "node 2 has power" }),
    traceEvent("answer", 10, 1025, { id: 1, text: "revision 2" }),
    traceEvent("violation", 11, 2, { what: "A2", text: "node 2 forgot its vote" }),
  ],
};
