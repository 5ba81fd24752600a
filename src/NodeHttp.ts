import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"

/**
 * Requests by node:http and node:https. `fetch` would do, but for what it is made of: a client of its own, compiled and kept
 * by every run, for 0.15 s of processor time and 15 MiB. Redirects are not followed, and nothing is unpacked: no encoding is
 * asked for. Connections are kept as long as `fetch` keeps them: a server may close one that was idle for longer.
 */
export const layer = NodeHttpClient.layerNodeHttpOptions({ keepAlive: true, timeout: 4_000 })
