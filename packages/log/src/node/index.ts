export { createNodeClock } from "./node-clock.ts";
export { createNodeDisk } from "./node-disk.ts";
export { createNodeReader } from "./node-reader.ts";
