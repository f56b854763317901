import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { sessionCommands, sessionResults } from "@quorate/machine";
import { encodeClientFrames, encodeClientHello, encodeServerFrames } from "@quorate/net/codec";
import { ClientTag, PeerTag, ServerTag } from "../../../packages/net/src/codec/tags.ts";

const page = readFileSync(new URL("../../../docs/protocol.md", import.meta.url), "utf8");

test("the frames of the example on the protocol page are those that this code makes", () => {
  const open = sessionCommands.encodeOpen({ ttlMs: 10_000 });
  const opened = sessionResults.encodeOpened({ session: 7, ttlMs: 10_000 });
  const frames = [
    encodeClientHello({ cluster: "", credential: "" }),
    encodeClientFrames([
      { kind: "call", id: 1, session: 0, number: 5, releasedTo: 0, machine: "session", command: open },
    ]),
    encodeServerFrames([{ kind: "reply", id: 1, revision: 7, logTimeMs: 1500, bytes: opened }]),
  ];
  const shown = [...page.matchAll(/^ {4}([0-9a-f]{10,})$/gm)].map(([, hex]) => hex);
  assert.deepEqual(
    shown,
    frames.map((frame) => Buffer.from(frame).toString("hex")),
  );
});

test("every tag stands on the protocol page", () => {
  const words = (name: string): string => name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
  for (const tags of [PeerTag, ClientTag, ServerTag]) {
    for (const [name, tag] of Object.entries(tags)) {
      assert.match(page, new RegExp(`^\\| ${tag} ${words(name)} \\|`, "m"), `${tag} ${words(name)}`);
    }
  }
});
