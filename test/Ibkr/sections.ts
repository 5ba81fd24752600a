import { type Bookings, bookings } from "../../src/Ibkr/Activities.ts"
import { DecodedRows } from "../../src/Ibkr/DecodedRows.ts"
import { byKind } from "../../src/Ibkr/MovingRow.ts"
import * as PlainDates from "../../src/Portfolio/PlainDate.ts"
import { type FixtureOptions, reportOptions, shownActivity } from "../support/fixture.ts"

type Row = Readonly<Record<string, string>>

/** Rows by section, in the words of a test. */
export type Sections = Readonly<Record<string, ReadonlyArray<Row>>>

/** What the rows of these sections become; `closing` are the Open Positions of the last day. */
export const bookSections = (
  sections: Sections,
  options: FixtureOptions & { readonly until?: string; readonly closing?: true } = {}
) => {
  const rows = new DecodedRows()
  for (const [section, all] of Object.entries(sections)) {
    for (const fields of all) rows.add({ statement: 0, section, fields })
  }
  const positions = rows.positions.map(({ row }) => row)
  const found: Bookings = bookings({
    ...byKind(rows.moving),
    securities: rows.securities,
    positions,
    ...(options.until === undefined ? {} : { until: PlainDates.of(options.until) }),
    ...(options.closing === true ? { closingPositions: positions } : {})
  }, reportOptions(options))
  return {
    ...found,
    booked: found.activities.map((activity) => {
      const { amount, date, externalId, quantity, subtype, symbol, type, unitPrice } = shownActivity(activity, found)
      const figures = quantity === undefined ? [amount, activity.currency] : [quantity, symbol, "at", unitPrice]
      return [externalId, type, subtype, ...figures, "on", date].filter((part) => part !== undefined).join(" ")
    }),
    left: [...rows.skipped, ...found.skipped].map(({ externalId = "-", reason }) => `${externalId} ${reason}`).sort(),
    details: [...rows.skipped, ...found.skipped].map(({ detail }) => detail)
  }
}
