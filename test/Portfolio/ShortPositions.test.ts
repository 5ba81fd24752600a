import { assert, describe, it } from "@effect/vitest"
import { Arbitrary, Effect } from "effect"
import * as Decimals from "../../src/Portfolio/Decimal.ts"
import type { Decimal } from "../../src/Portfolio/Decimal.ts"
import * as PlainDates from "../../src/Portfolio/PlainDate.ts"
import type { PlainDate } from "../../src/Portfolio/PlainDate.ts"
import { shortPositions, shortSuffix, type TrackedRow, type TrackedShorts } from "../../src/Portfolio/ShortPositions.ts"
import { shortParts } from "../../src/Portfolio/Shorts.ts"
import { integer } from "./arbitrary.ts"

const dayOf = (index: number): PlainDate => PlainDates.of(`2026-01-${String(index + 1).padStart(2, "0")}`)

interface Move {
  readonly externalId: string
  readonly instrumentKey: string
  readonly date: PlainDate
  readonly quantity: Decimal
  readonly mark?: string
  readonly shortable: "part" | "whole"
  readonly isLeftOut?: boolean
}

const move = (quantity: string, index: number, more: Partial<Move> = {}): Move => ({
  externalId: `ibkr:trade:${index + 1}`,
  instrumentKey: "1",
  date: dayOf(index),
  quantity: Decimals.of(quantity),
  shortable: "part",
  ...more
})

const tracked = (rows: ReadonlyArray<TrackedRow>, isNewest = true): TrackedShorts => ({
  rows: new Map([["1", rows.filter(({ type }) => type !== "CREDIT" && type !== "FEE")]]),
  ours: new Map(rows.flatMap((row) => row.externalId === undefined ? [] : [[row.externalId, row] as const])),
  isNewest
})

const judged = (moves: ReadonlyArray<Move>, opening: string | undefined) => {
  const parts = shortParts(moves, () => opening === undefined ? undefined : Decimals.of(opening))
  return moves.map((each, index) => ({ ...each, ...parts[index] ?? { short: Decimals.zero } }))
}

const found = (
  quantities: ReadonlyArray<string>,
  { isNewest, opening = "0", rows = [] }: {
    readonly opening?: string
    readonly rows?: ReadonlyArray<TrackedRow>
    readonly isNewest?: boolean
  } = {}
) => shortPositions(judged(quantities.map((each, index) => move(each, index)), opening), "1", tracked(rows, isNewest))

const row = (type: string, quantity: string, more: Partial<TrackedRow> = {}): TrackedRow => ({
  date: dayOf(0),
  type,
  quantity: Decimals.of(quantity),
  ...more
})

describe("shortPositions", () => {
  it("what begins in the statement is a position until it is closed, and again", () => {
    assert.deepStrictEqual(found(["-5", "-1", "6", "3", "-4"]), [true, true, true, false, true])
  })

  it("a short position from before the statement is none where the tracker has nothing of it, also not its cover", () => {
    assert.deepStrictEqual(found(["-1", "6", "-2"], { opening: "-5" }), [false, false, true])
  })

  it("one that the tracker has goes on", () => {
    const rows = [row("SELL", "5", { subtype: "POSITION_OPEN", date: PlainDates.of("2025-12-31") })]
    assert.deepStrictEqual(found(["-1", "6", "-2"], { opening: "-5", rows }), [true, true, true])
  })

  it("what was booked as cash by an older host stays that, until it is closed", () => {
    const rows = [{ ...row("CREDIT", "0"), externalId: "ibkr:trade:1" }]
    assert.deepStrictEqual(found(["-5", "5", "-5"], { rows }), [false, false, true])
  })

  it("no sale opens one while the tracker holds what the broker does not", () => {
    assert.deepStrictEqual(found(["-5", "5"], { rows: [row("BUY", "3")] }), [false, false])
  })

  it("one that is open as an older statement ends is cash: its cover is booked", () => {
    assert.deepStrictEqual(found(["-5", "5", "-2"], { isNewest: false }), [true, true, false])
  })

  it("by its mark alone a sale opens one where the tracker holds none", () => {
    const sale = [move("-4", 0, { mark: "O" })]
    assert.deepStrictEqual(shortPositions(judged(sale, undefined), "1", tracked([])), [true])
    assert.deepStrictEqual(shortPositions(judged(sale, undefined), "1", tracked([row("BUY", "1")])), [false])
  })

  it("a sale that is not booked opens none, and what covers it is cash", () => {
    const moves = [move("-5", 0, { isLeftOut: true }), move("5", 1), move("-2", 2)]
    assert.deepStrictEqual(shortPositions(judged(moves, "0"), "1", tracked([])), [false, false, true])
  })

  it("a corporate action that crosses zero is not split", () => {
    const moves = [move("3", 0), move("-5", 1, { shortable: "whole" })]
    assert.deepStrictEqual(shortPositions(judged(moves, "0"), "1", tracked([])), [false, false])
  })

  it("an instrument that the tracker cannot hold short has none", () => {
    const nothing: TrackedShorts = { rows: new Map(), ours: new Map(), isNewest: true }
    assert.deepStrictEqual(shortPositions(judged([move("-5", 0)], "0"), "1", nothing), [false])
  })

  const story = Arbitrary.all({
    opening: integer(-20, 20),
    steps: Arbitrary.array(Arbitrary.all({ units: integer(-20, 20), isNewNight: integer(0, 1) })),
    upgrade: integer(0, 6)
  })

  it.effect.prop(
    "night by night, upgraded at any of them: the host never leaves a row out, and what is not short is right",
    [story],
    ([{ opening, steps, upgrade }]) =>
      Effect.sync(() => {
        const rows: Array<TrackedRow> = opening > 0 ? [row("BUY", String(opening))] : []
        let broker: Decimal = Decimals.of(String(opening))
        let tracker = Decimals.isNegative(broker) ? Decimals.zero : broker
        // Every night has a statement of its own: it begins where the one before ended.
        let index = 0
        let night = 0
        const moves = steps.filter(({ units }) => units !== 0).slice(0, 30)
        while (index < moves.length) {
          const from = index
          do index++
          while (index < moves.length && moves[index]?.isNewNight === 0)
          const own = moves.slice(from, index).map(({ units }, at) => move(String(units), from + at))
          const all = judged(own, Decimals.format(broker))
          const positions = night++ < upgrade ? all.map(() => false) : shortPositions(all, "1", tracked(rows))
          for (const [at, { date, externalId, quantity, short }] of all.entries()) {
            const isSale = Decimals.isNegative(quantity)
            const long = Decimals.subtract(Decimals.abs(quantity), short)
            const trade: TrackedRow = { date, externalId, type: isSale ? "SELL" : "BUY", quantity: long }
            const part: TrackedRow = positions[at] === true
              ? { ...trade, subtype: isSale ? "POSITION_OPEN" : "POSITION_CLOSE", quantity: short }
              : { date, externalId, type: isSale ? "CREDIT" : "FEE" }
            const booked = Decimals.isZero(short)
              ? [trade]
              : Decimals.isZero(long)
              ? [part]
              : isSale
              ? [trade, { ...part, externalId: externalId + shortSuffix }]
              : [{ ...part, externalId: externalId + shortSuffix }, trade]
            for (const each of booked) tracker = strictly(tracker, each)
            rows.push(...booked)
            broker = Decimals.add(broker, quantity)
            if (!Decimals.isNegative(broker) || (upgrade === 0 && opening >= 0)) {
              assert.strictEqual(Decimals.format(tracker), Decimals.format(broker))
            }
          }
        }
      }),
    { arbitrary: { runs: 500 } }
  )
})

/** As a host takes rows of shares from 3.6 on. */
const strictly = (held: Decimal, { quantity = Decimals.zero, subtype, type }: TrackedRow): Decimal => {
  switch (`${type}/${subtype ?? ""}`) {
    case "BUY/POSITION_CLOSE":
      assert.isFalse(Decimals.isPositive(Decimals.add(held, quantity)), "covers more than is short")
      return Decimals.add(held, quantity)
    case "BUY/":
      assert.isFalse(Decimals.isNegative(held), "buys while short")
      return Decimals.add(held, quantity)
    case "SELL/POSITION_OPEN":
      assert.isFalse(Decimals.isPositive(held), "opens while long")
      return Decimals.subtract(held, quantity)
    case "SELL/":
      assert.isFalse(Decimals.isLessThan(held, quantity), "sells what is not there")
      return Decimals.subtract(held, quantity)
    default:
      return held
  }
}
