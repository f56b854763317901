/** What a browser needs of this package: no `ws`, no `node:*`. */
export { dialOver, type DialWebSocketOptions } from "./dial-websocket.ts";
export { browserSocket, type PlatformSocket, type PlatformWebSocket } from "./websocket/browser.ts";
export type { OpenSocket, Socket, SocketEnd, SocketEvents } from "./websocket/socket.ts";
