import assert from "node:assert/strict";
import { get } from "node:http";
import { after, test } from "node:test";
import { createClientPort, type Listener, type ListenOptions } from "@quorate/net";
import { encodeClientHello } from "@quorate/net/codec";
import { clock, closing, FakeReplica, listening, QuorateError, rawSocket, until } from "../sockets.ts";

const open: Listener[] = [];
after(() => Promise.all(open.map(closing)));

async function serve(options: Partial<ListenOptions> = {}): Promise<Listener> {
  const replica = new FakeReplica();
  const clients = createClientPort({ cluster: "c", node: 1, endpoints: new Map(), clock, replica: () => replica });
  const listener = await listening({ clients, ...options });
  open.push(listener);
  return listener;
}

const rejectsWith = (code: string) => (error: unknown) => error instanceof QuorateError && error.code === code;

test("what is no WebSocket is handed on as HTTP", async () => {
  const listener = await serve({ http: (request, response) => void response.end(`asked ${request.url}`) });
  const body = await new Promise<string>((resolve, reject) => {
    get(`http://127.0.0.1:${listener.port}/health`, (response) => {
      let text = "";
      response.on("data", (chunk: Buffer) => (text += chunk.toString()));
      response.on("end", () => resolve(text));
    }).on("error", reject);
  });
  assert.equal(body, "asked /health");
});

test("an address that is not loopback needs TLS or to be called insecure", async () => {
  await assert.rejects(listening({ host: "0.0.0.0" } as Partial<ListenOptions> as never), rejectsWith("BAD_OPTION"));
  open.push(await listening({ host: "0.0.0.0", insecure: true } as Partial<ListenOptions> as never));
});

test("a port that is taken is named in the error", async () => {
  const { port } = await serve();
  await assert.rejects(
    listening({}, port),
    (error) => rejectsWith("PORT_IN_USE")(error) && String(error).includes(String(port)),
  );
});

test("a wrong sub-protocol, an unknown path and a foreign page are refused before anything is read, and counted", async () => {
  const listener = await serve({ origins: ["https://admin.example.org"] });
  const { endpoint } = listener;
  await assert.rejects(rawSocket(`${endpoint}/client`, "mqtt"), /400/);
  await assert.rejects(rawSocket(`${endpoint}/elsewhere`), /404/);
  await assert.rejects(rawSocket(`${endpoint}/peer`), /404/);
  await assert.rejects(rawSocket(`${endpoint}/client`, "quorate.v1", { origin: "https://evil.example.org" }), /403/);
  const rebound = { origin: `http://evil.example.org:${listener.port}`, host: `evil.example.org:${listener.port}` };
  await assert.rejects(rawSocket(`${endpoint}/client`, "quorate.v1", rebound), /403/);
  const counters = listener.counters();
  assert.equal(counters["refused-wrong-protocol"], 1);
  assert.equal(counters["refused-path"], 2);
  assert.equal(counters["refused-origin"], 2);
  for (const origin of ["https://admin.example.org", `http://127.0.0.1:${listener.port}`]) {
    const raw = await rawSocket(`${endpoint}/client`, "quorate.v1", { origin });
    raw.send(encodeClientHello({ cluster: "c", credential: "" }));
    await until(() => raw.heard.length === 1);
    raw.close();
  }
});

test("close ends connections with a reason, those too that do not answer", async () => {
  const listener = await serve();
  const raw = await rawSocket(`${listener.endpoint}/client`);
  raw.send(encodeClientHello({ cluster: "c", credential: "" }));
  await until(() => raw.heard.length === 1);
  open.splice(open.indexOf(listener), 1);
  await closing(listener);
  await until(() => raw.end !== null);
  assert.equal(raw.end?.code, 1001);
});
