import { Redacted } from "effect"

/**
 * A text that a server sent, without the secrets that it was given, as they are and as a URL, a form or JSON spells them:
 * what echoes a request ends up in a message, and that in a log.
 */
export const withheld = (
  text: string,
  secrets: ReadonlyArray<Redacted.Redacted<string> | undefined>,
  instead = "<secret>"
): string =>
  secrets.flatMap((secret) => secret === undefined ? [] : spellings(Redacted.value(secret)))
    .reduce((clean, secret) => clean.replaceAll(secret, instead), text)

const spellings = (secret: string): ReadonlyArray<string> =>
  secret === ""
    ? []
    : [
      secret,
      encodeURIComponent(secret),
      new URLSearchParams({ secret }).toString().slice("secret=".length),
      JSON.stringify(secret).slice(1, -1)
    ]
