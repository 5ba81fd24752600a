import { Effect, Pull, type Scope, Stream } from "effect"
import type { HttpClientError, HttpClientResponse } from "effect/http"
import { failureCode } from "../ConnectionFailure.ts"
import { StatementTruncated } from "./FlexError.ts"

const tailLength = 256

/** A response whose start can be looked at before it is handed on. */
export interface FlexBody {
  /** Reads on until `enough` or the end; returns the text from the first byte, without a byte order mark. */
  readonly textUntil: (
    enough: (text: string, ended: boolean) => boolean
  ) => Effect.Effect<{ readonly text: string; readonly ended: boolean }, HttpClientError.HttpClientError>
  /** All of it, from the first byte; fails at the end if that was not the end of a statement. To be run once. */
  readonly statement: Stream.Stream<Uint8Array, StatementTruncated>
}

/** Safe to show, unlike the error itself, which carries the request. */
export const connectionReason = (error: HttpClientError.HttpClientError): string => {
  const code = failureCode(error.reason.cause)
  return code === undefined ? "the connection failed" : `the connection failed (${code})`
}

const isClosed = (tail: string, received: number) =>
  /<\/FlexQueryResponse\s*>\s*$/.test(tail) || (received <= tailLength && /<FlexQueryResponse[^<]*\/>\s*$/.test(tail))

/** The announced length counts bytes on the wire, so it says nothing of a compressed body. */
const announcedLength = ({ headers }: HttpClientResponse.HttpClientResponse) =>
  headers["content-encoding"] === undefined ? headers["content-length"] : undefined

export const openFlexBody = Effect.fnUntraced(function*(
  response: HttpClientResponse.HttpClientResponse
): Effect.fn.Return<FlexBody, never, Scope.Scope> {
  const pull = yield* Stream.toPull(response.stream)
  const head: Array<Uint8Array> = []
  const decoder = new TextDecoder()
  const read = { text: "", ended: false }
  const end = Effect.sync(() => {
    read.ended = true
  })
  const more = pull.pipe(
    Effect.map((chunks) => {
      head.push(...chunks)
      for (const chunk of chunks) read.text += decoder.decode(chunk, { stream: true })
    }),
    Pull.catchDone(() => end),
    Effect.catchIf((error) => error.reason._tag === "EmptyBodyError", () => end)
  )

  const announced = announcedLength(response)
  const statement = Stream.suspend(() => {
    let received = 0
    let tail: Uint8Array = new Uint8Array(0)
    const cutShort = (reason: string) => new StatementTruncated({ received, reason })
    const count = (chunk: Uint8Array) =>
      Effect.sync(() => {
        received += chunk.length
        tail = Buffer.concat([tail, chunk.subarray(-tailLength)]).subarray(-tailLength)
      })
    const check = Effect.suspend(() => {
      if (announced !== undefined && Number(announced) !== received) {
        return Effect.fail(cutShort(`${announced} bytes were announced`))
      }
      const closed = isClosed(new TextDecoder().decode(tail), received)
      return closed ? Effect.void : Effect.fail(cutShort("it does not end in </FlexQueryResponse>"))
    })
    const rest = read.ended ? Stream.empty : Stream.fromPull(Effect.succeed(pull))
    return Stream.fromArray(head).pipe(
      Stream.concat(rest),
      Stream.tap(count),
      Stream.mapError((error) => cutShort(connectionReason(error))),
      Stream.onEnd(check)
    )
  })

  return {
    textUntil: Effect.fnUntraced(function*(enough) {
      while (!read.ended && !enough(read.text, read.ended)) yield* more
      return read
    }),
    statement
  }
})
