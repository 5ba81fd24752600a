import { Predicate } from "effect"

/** The system's name of what went wrong (`ECONNREFUSED` …). Messages are left out: they may quote the URL. */
export const failureCode = (cause: unknown): string | undefined => {
  let at = cause
  for (let depth = 0; Predicate.isObject(at) && depth < 8; depth++) {
    if ("code" in at && typeof at.code === "string" && /^[A-Z][A-Z0-9_]+$/.test(at.code)) return at.code
    at = "cause" in at ? at.cause : undefined
  }
  return undefined
}
