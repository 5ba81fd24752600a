import type { InstrumentIndex } from "../Instruments.ts"
import type { ActionRow } from "./ActionRows.ts"

/** Contract ids that are one asset to a tracker. */
export interface SameLines {
  /** One name for all keys of a line. */
  readonly lineOf: (key: string) => string
  /** The other contract ids of the key's line. */
  readonly othersOf: (key: string) => ReadonlyArray<string>
}

/**
 * A corporate action that puts a new contract id in the place of an old one, under the same symbol and market, changes
 * nothing for a tracker, which knows a security by these: a reverse split, a new ISIN, a line that is renamed `X.OLD`.
 */
export const sameLines = (rows: ReadonlyArray<ActionRow>, index: InstrumentIndex): SameLines => {
  const lines = new Map<string, Set<string>>()
  for (const event of Map.groupBy(rows, ({ subject }) => subject).values()) {
    const keys = [...new Set(event.flatMap(({ key }) => key ?? []))]
    for (const alike of Map.groupBy(keys, (key) => nameOf(key, index)).values()) {
      if (alike.length < 2) continue
      const line = new Set(alike.flatMap((key) => [...lines.get(key) ?? [key]]))
      for (const key of line) lines.set(key, line)
    }
  }
  return {
    lineOf: (key) => [...lines.get(key) ?? [key]].sort()[0] ?? key,
    othersOf: (key) => [...lines.get(key) ?? []].filter((other) => other !== key).sort()
  }
}

const nameOf = (key: string, index: InstrumentIndex): string => {
  const match = index.match(key)
  if (match?._tag !== "Known") return key
  const { currency = "", kind = "", symbol } = match.instrument
  return `${kind}|${symbol}|${currency}`
}
