import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import * as NodeStream from "@effect/platform-node/NodeStream"
import { Effect, Layer } from "effect"
import { HttpClient, HttpClientError, HttpClientRequest, type HttpClientResponse } from "effect/http"
import { createGunzip } from "node:zlib"

/**
 * Requests by node:http and node:https. `fetch` would do, but for what it is made of: a client of its own, compiled and kept
 * by every run, for 0.15 s of processor time and 15 MiB. Redirects are not followed, and nothing is unpacked: no encoding is
 * asked for. Connections are kept as long as `fetch` keeps them: a server may close one that was idle for longer.
 */
export const layer = NodeHttpClient.layerNodeHttpOptions({ keepAlive: true, timeout: 4_000 })

/** The body as a stream, unpacked where it comes packed; its other readings are as they come. */
const unpacked = (response: HttpClientResponse.HttpClientResponse): HttpClientResponse.HttpClientResponse => {
  if (!/^(?:x-)?gzip$/i.test(response.headers["content-encoding"]?.trim() ?? "")) return response
  const stream = NodeStream.pipeThroughDuplex(response.stream, {
    evaluate: () => createGunzip(),
    onError: (cause) =>
      new HttpClientError.HttpClientError({
        reason: new HttpClientError.DecodeError({ request: response.request, response, cause })
      })
  })
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  return Object.create(response, { stream: { value: stream } }) as HttpClientResponse.HttpClientResponse
}

/** The same, for what is large enough to come packed. */
export const layerUnpacking: Layer.Layer<HttpClient.HttpClient> = Layer.effect(
  HttpClient.HttpClient,
  Effect.map(HttpClient.HttpClient, (client) =>
    client.pipe(
      HttpClient.mapRequest(HttpClientRequest.setHeader("accept-encoding", "gzip")),
      HttpClient.transformResponse(Effect.map(unpacked))
    ))
).pipe(Layer.provide(layer))
