// A replicated counter: three nodes of one cluster, here in one process; in production, one process each.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { connect, createNode, freePorts, fromReducer } from "quorate";

const counter = fromReducer({
  name: "counter",
  version: 1,
  initial: 0,
  apply: (count: number, add: number) => [count + add, count + add] as const,
});

const data = mkdtempSync(join(tmpdir(), "counter-"));
const ports = await freePorts(3);
const peers = new Map(ports.map((port, index) => [index + 1, `127.0.0.1:${port}`]));
const nodes = await Promise.all(
  [1, 2, 3].map((id) => createNode({ cluster: "counter", id, data: join(data, `${id}`), peers, machines: [counter] })),
);

const cluster = connect(nodes.map((node) => node.endpoint));
const remote = cluster.machine(counter);
for (const add of [1, 2, 3]) console.log("count is", await remote.call(add));
await cluster.close();
for (const node of nodes) await node.close();
rmSync(data, { recursive: true });
