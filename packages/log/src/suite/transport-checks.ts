import type { Speaker } from "@quorate/paxos";
import type { PeerMessage, Transport } from "../transport/transport.ts";
import { type SuiteCheck, suiteCheck } from "./check.ts";

/** Transports to be checked, of nodes 1, 2 and 3 on one network that loses nothing for good. */
export interface TransportSubject {
  transport(node: number): Transport;
  /** Runs `run` in a later turn, when frames had time to arrive. */
  later(run: () => void): void;
}

interface Received {
  readonly from: Speaker;
  readonly group: number;
  readonly message: PeerMessage;
}

/** Times that a message is sent again before it counts as lost for good: links take a while to come up. */
const ATTEMPTS_MAX = 1_000;

function speaker(node: number): Speaker {
  return { node, incarnation: 2 ** 47 + node, life: 2 ** 40 + node, unit: 7, unitAtStart: 3 };
}

function digest(slot: number): PeerMessage {
  return { kind: "digest", slot, digest: 5, revision: slot };
}

/** Sends until `arrived`, at most ATTEMPTS_MAX times. */
function until(
  subject: TransportSubject,
  again: () => void,
  arrived: () => boolean,
  then: (arrived: boolean) => void,
): void {
  const attempt = (left: number): void => {
    if (arrived() || left === 0) return then(arrived());
    again();
    subject.later(() => {
      attempt(left - 1);
    });
  };
  attempt(ATTEMPTS_MAX);
}

/**
 * The acceptance suite that every transport must pass. Loss, repetition and order are not promised, so nothing of them is checked.
 * Each check needs a subject of its own.
 */
export const TRANSPORT_CHECKS: readonly SuiteCheck<TransportSubject>[] = [
  suiteCheck("a message arrives as it was sent, with its group and its speaker", (subject, { must, pass }) => {
    const received: Received[] = [];
    const one = subject.transport(1);
    const two = subject.transport(2);
    one.open(
      () => undefined,
      () => undefined,
    );
    two.open(
      (from, group, message) => received.push({ from, group, message }),
      () => undefined,
    );
    const send = (): void => {
      one.send(42, speaker(1), [2], digest(9));
      one.endTurn();
    };
    until(
      subject,
      send,
      () => received.length > 0,
      (arrived) => {
        one.close();
        two.close();
        must(arrived, "nothing arrived");
        const { from, group, message } = received[0]!;
        must(group === 42, `group ${group}`);
        must(
          from.node === 1 &&
            from.incarnation === 2 ** 47 + 1 &&
            from.life === 2 ** 40 + 1 &&
            from.unit === 7 &&
            from.unitAtStart === 3,
          JSON.stringify(from),
        );
        must(message.kind === "digest" && message.slot === 9 && message.digest === 5, JSON.stringify(message));
        pass();
      },
    );
  }),
  suiteCheck(
    "nothing leaves before the turn ends, and nothing arrives in the turn that sent it",
    (subject, { must, pass }) => {
      let received = 0;
      const one = subject.transport(1);
      const two = subject.transport(2);
      one.open(
        () => undefined,
        () => undefined,
      );
      two.open(
        () => (received += 1),
        () => undefined,
      );
      const send = (): void => {
        const before = received;
        one.send(1, speaker(1), [2], digest(1));
        one.endTurn();
        must(received === before, "a message arrived in the turn that sent it");
      };
      until(
        subject,
        send,
        () => received > 0,
        (arrived) => {
          must(arrived, "nothing arrived");
          subject.later(() => {
            const settled = received;
            one.send(1, speaker(1), [2], digest(2));
            subject.later(() => {
              const early = received > settled;
              one.close();
              two.close();
              must(!early, "a message left before the turn ended");
              pass();
            });
          });
        },
      );
    },
  ),
  suiteCheck("one message reaches every node it was sent to", (subject, { must, pass }) => {
    const reached = new Set<number>();
    const transports = [1, 2, 3].map((node) => subject.transport(node));
    transports.forEach((transport, index) => {
      transport.open(
        () => reached.add(index + 1),
        () => undefined,
      );
    });
    const send = (): void => {
      transports[0]!.send(1, speaker(1), [2, 3], digest(1));
      transports[0]!.endTurn();
    };
    until(
      subject,
      send,
      () => reached.size === 2,
      (arrived) => {
        for (const transport of transports) transport.close();
        must(arrived, `reached: ${[...reached].join()}`);
        pass();
      },
    );
  }),
  suiteCheck(
    "a closed transport neither sends nor receives, and closing twice is no error",
    (subject, { must, pass }) => {
      let received = 0;
      let returned = 0;
      const one = subject.transport(1);
      const two = subject.transport(2);
      one.open(
        () => (returned += 1),
        () => undefined,
      );
      two.open(
        () => (received += 1),
        () => undefined,
      );
      const send = (): void => {
        one.send(1, speaker(1), [2], digest(1));
        one.endTurn();
      };
      until(
        subject,
        send,
        () => received > 0,
        (arrived) => {
          must(arrived, "nothing arrived");
          subject.later(() => {
            one.close();
            one.close();
            const before = received;
            send();
            two.send(1, speaker(2), [1], digest(2));
            two.endTurn();
            subject.later(() => {
              two.close();
              must(received === before, "a closed transport sent");
              must(returned === 0, "a closed transport received");
              pass();
            });
          });
        },
      );
    },
  ),
  suiteCheck(
    "a node whose process is gone is reported as refused, and sending to it is no error",
    (subject, { must, pass }) => {
      const refused: number[] = [];
      let received = 0;
      const one = subject.transport(1);
      const two = subject.transport(2);
      one.open(
        () => undefined,
        (node) => refused.push(node),
      );
      two.open(
        () => (received += 1),
        () => undefined,
      );
      const send = (): void => {
        one.send(1, speaker(1), [2], digest(1));
        one.endTurn();
      };
      until(
        subject,
        send,
        () => received > 0,
        (arrived) => {
          must(arrived, "nothing arrived");
          two.close();
          until(
            subject,
            send,
            () => refused.length > 0,
            (told) => {
              one.close();
              must(told, "nobody was told");
              must(refused[0] === 2, `refused: ${refused.join()}`);
              pass();
            },
          );
        },
      );
    },
  ),
  suiteCheck("bytes that left do not stay in the queue", (subject, { must, pass }) => {
    let received = 0;
    const one = subject.transport(1);
    const two = subject.transport(2);
    one.open(
      () => undefined,
      () => undefined,
    );
    two.open(
      () => (received += 1),
      () => undefined,
    );
    const send = (): void => {
      one.send(1, speaker(1), [2], digest(1));
      one.endTurn();
    };
    until(
      subject,
      send,
      () => received > 0,
      (arrived) => {
        must(arrived, "nothing arrived");
        until(
          subject,
          () => undefined,
          () => one.queuedBytes(2) === 0,
          (empty) => {
            one.close();
            two.close();
            must(empty, `${one.queuedBytes(2)} bytes are still queued`);
            pass();
          },
        );
      },
    );
  }),
];
