import { readFileSync } from "node:fs"
import type { Scenario } from "../Scenario.ts"

const fixture = (name: string) => readFileSync(new URL(`../../../fixtures/${name}`, import.meta.url), "utf8")

interface Expected {
  readonly activities: ReadonlyArray<Readonly<Record<string, string>> & { readonly externalId: string }>
}

const expected: Expected = JSON.parse(fixture("week.expected.json"))

/** What the tracker holds after the week of the fixtures. */
export const weekHolds: Readonly<Record<string, string>> = Object.fromEntries(
  expected.activities.map(({ amount, currency, date, externalId, fee, quantity, symbol, type, unitPrice }) => [
    externalId,
    [
      type,
      date,
      ...(symbol === undefined ? [] : [symbol.replace(/\..*/, "")]),
      ...(quantity === undefined ? [] : [quantity, "@", unitPrice]),
      ...(fee === undefined ? [] : ["fee", fee]),
      "=",
      amount,
      currency
    ].join(" ")
  ])
)

export const week = fixture("week.xml")

/** The first night of an empty account. */
export const firstWeek: Scenario = {
  name: "week",
  nights: [{
    name: "an empty account",
    statement: week,
    holds: weekHolds,
    kills: { requests: /./, disk: /./, random: 4, twice: 6 }
  }]
}
