import { Context, Effect, Redacted } from "effect"
import { HttpClient, type HttpClientError, HttpClientRequest } from "effect/http"
import { failureCode } from "./ConnectionFailure.ts"
import { exitCodes } from "./Failure.ts"
import { checkBody } from "./HealthCheckBody.ts"
import type { RunSummary } from "./Metrics.ts"
import * as NodeHttp from "./NodeHttp.ts"
import type { RunReport } from "./RunReport.ts"

/** A dead man's switch: it calls out when a run that should have come did not, or when one tells it that it failed. */
export interface HealthChecker {
  readonly started: Effect.Effect<void>
  readonly ended: (report: RunReport, summary: RunSummary) => Effect.Effect<void>
}

export const silent: HealthChecker = { started: Effect.void, ended: () => Effect.void }

export const HealthCheck = Context.Reference<HealthChecker>("broker-sync/HealthCheck", { defaultValue: () => silent })

const patience = "5 seconds"
const tries = 2

/**
 * `POST <url>/start`, `<url>` after a success, `<url>/<exit code>` after anything else, each with a short text: the
 * endpoints of healthchecks.io, which others have, too. The address is a secret: whoever has it can say that all is well.
 * A ping that does not arrive is a warning in the log, and never more.
 */
export const pinging = (address: Redacted.Redacted<URL>): HealthChecker => {
  const ping = (path: string, body: string) =>
    Effect.gen(function*() {
      const client = yield* HttpClient.HttpClient
      const request = HttpClientRequest.post(withPath(Redacted.value(address), path)).pipe(
        HttpClientRequest.bodyText(body, "text/plain; charset=utf-8")
      )
      const response = yield* client.execute(request)
      yield* response.text
      if (response.status >= 300) return yield* Effect.fail(`it answered ${response.status}`)
    }).pipe(
      Effect.scoped,
      Effect.timeoutOrElse({ duration: patience, orElse: () => Effect.fail(`no answer within ${patience}`) }),
      Effect.mapError((error) => typeof error === "string" ? error : explain(error)),
      Effect.retry({ times: tries - 1 }),
      Effect.catch((why) => Effect.logWarning(`the health check was not told (HEALTHCHECK_URL): ${why}`)),
      Effect.catchDefect(() => Effect.logWarning("the health check was not told (HEALTHCHECK_URL)")),
      // It follows no redirect: a POST would arrive as a GET without its text.
      Effect.provide(NodeHttp.layer),
      // The address would stand in the span.
      Effect.provideService(HttpClient.TracerDisabledWhen, () => true),
      Effect.asVoid
    )
  return {
    started: ping("/start", ""),
    ended: (report, summary) => {
      const code = report.error?.exitCode ?? exitCodes.success
      return ping(code === exitCodes.success ? "" : `/${code}`, checkBody(report, summary))
    }
  }
}

const withPath = (address: URL, path: string): URL => {
  const url = new URL(address)
  url.pathname = url.pathname.replace(/\/+$/, "") + path
  return url
}

const explain = ({ reason }: HttpClientError.HttpClientError): string =>
  reason._tag === "TransportError" ? failureCode(reason.cause) ?? "no connection" : reason._tag
