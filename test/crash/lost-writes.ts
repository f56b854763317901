import type { RevisionedOperation } from "@quorate/check";
import { connect, type TestCluster } from "quorate";

/** How many acknowledged writes are not in every replica: neither there, nor overwritten by a later one. */
export async function lostWrites(
  cluster: TestCluster,
  operations: readonly RevisionedOperation[],
  complaints: string[],
): Promise<number> {
  const quorate = connect(cluster.endpoints);
  try {
    const missing = new Set<RevisionedOperation>();
    for (const node of cluster.nodes) {
      const found = new Map<string, { value: string; modRevision: number }>();
      for await (const entry of quorate.kv.scan({ from: "" }, { level: "stale", at: node })) {
        found.set(entry.key, { value: entry.text, modRevision: entry.modRevision });
      }
      if (found.size === 0) complaints.push(`node ${node} holds no key at all`);
      for (const operation of operations) {
        if (operation.kind !== "write" || operation.revision === 0) continue;
        const entry = found.get(operation.key);
        const there = entry !== undefined && entry.modRevision >= operation.revision;
        const intact = there && (entry.modRevision > operation.revision || entry.value === operation.value);
        if (!intact) missing.add(operation);
      }
    }
    return missing.size;
  } finally {
    await quorate.close();
  }
}
