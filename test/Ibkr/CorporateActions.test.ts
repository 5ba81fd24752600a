import { assert, describe, it } from "@effect/vitest"
import { Arbitrary, Effect } from "effect"
import { bookings } from "../../src/Ibkr/Activities.ts"
import { ratioOfDelta } from "../../src/Ibkr/Activities/ActionSplits.ts"
import {
  type CorporateAction,
  decodeCorporateAction,
  decodeOpenPosition,
  decodeTrade
} from "../../src/Ibkr/FlexReport.ts"
import { cashSign } from "../../src/Portfolio/Activity.ts"
import * as Decimals from "../../src/Portfolio/Decimal.ts"
import type { Decimal } from "../../src/Portfolio/Decimal.ts"
import { integer } from "../Portfolio/arbitrary.ts"
import { reportOptions, shown } from "../support/fixture.ts"

type Fields = Readonly<Record<string, string>>

const abc = { symbol: "ABC", conid: "1", currency: "USD", assetCategory: "STK", listingExchange: "NYSE" }
const xyz = { ...abc, symbol: "XYZ", conid: "2" }

const success = <A>(decoded: { readonly _tag: string; readonly success?: A }): A => {
  if (decoded.success === undefined) throw new Error("the test's row cannot be read")
  return decoded.success
}

const action = (transactionID: string, type: string, line: Fields, quantity: string, more: Fields = {}) =>
  success<CorporateAction>(
    decodeCorporateAction({
      ...line,
      transactionID,
      actionID: "9",
      type,
      quantity,
      dateTime: "2026-01-06;20:25:00",
      reportDate: "2026-01-07",
      ...more
    })
  )

const trade = (tradeID: string, line: Fields, quantity: string, day: string) =>
  success(
    decodeTrade({
      ...line,
      tradeID,
      quantity,
      tradePrice: "10",
      proceeds: Decimals.format(Decimals.multiply(Decimals.of(quantity), Decimals.of("-10"))),
      tradeDate: day,
      dateTime: `${day};10:00:00`
    })
  )

const book = (
  actions: ReadonlyArray<CorporateAction>,
  closing: ReadonlyArray<readonly [Fields, string]> | undefined = undefined,
  trades: ReadonlyArray<ReturnType<typeof trade>> = []
) => {
  const positions = (closing ?? []).map(([line, position]) => success(decodeOpenPosition({ ...line, position })))
  return bookings(
    {
      trades,
      cash: [],
      actions,
      securities: [],
      positions,
      ...(closing === undefined ? {} : { closingPositions: positions })
    },
    reportOptions()
  )
}

const told = ({ activities, instruments, skipped }: ReturnType<typeof book>) => [
  ...shown({
    activities,
    instruments,
    skipped,
    cash: [],
    statements: [],
    carriedOver: new Set(),
    warnings: [],
    complete: true
  }).activities
    .map((
      { amount, externalId, quantity, ratio, symbol, type }
    ) =>
      [externalId.replace("ibkr:", ""), type, symbol, quantity ?? ratio, amount].filter((each) => each !== undefined)
        .join(" ")
    ),
  ...skipped.map(({ externalId = "", reason }) => `${externalId.replace("ibkr:", "")} ${reason}`)
]

describe("what an action moved", () => {
  it("is known to the reckoning of shorts: a purchase before a merger is no cover", () => {
    const merger = action("1", "TC", abc, "-10", { proceeds: "120" })
    assert.deepStrictEqual(told(book([merger], [], [trade("1", abc, "10", "2026-01-05")])), [
      "trade:1 BUY ABC 10 100",
      "corp:1 SELL ABC 10 120"
    ])
  })

  it("of a short position is cash alone, or nothing", () => {
    const bought = action("1", "TC", abc, "10", { proceeds: "-120" })
    assert.deepStrictEqual(told(book([bought], [])), ["corp:1 FEE 120"])
    assert.deepStrictEqual(told(book([action("1", "FS", abc, "-30")], [[abc, "-40"]])), ["corp:1 short"])
  })

  it("through zero is the long part, with all of the cash beside it", () => {
    assert.deepStrictEqual(told(book([action("1", "TC", abc, "-10", { proceeds: "120" })], [[abc, "-4"]])), [
      "corp:1 TRANSFER_OUT ABC 6 0",
      "corp:1:cash CREDIT 120"
    ])
  })

  it("in a currency that the security does not trade in is no sale of it", () => {
    const merger = action("1", "TC", abc, "-10", { proceeds: "120", currency: "EUR" })
    assert.deepStrictEqual(told(book([merger], [], [trade("1", abc, "10", "2026-01-05")])), [
      "trade:1 BUY ABC 10 100",
      "corp:1 TRANSFER_OUT ABC 10 0",
      "corp:1:cash CREDIT 120"
    ])
  })

  it("before the start date moves positions all the same", () => {
    const merger = action("1", "TC", abc, "-10", { proceeds: "120", dateTime: "2025-12-30;20:25:00" })
    const { activities, skipped } = bookings({
      trades: [trade("1", abc, "4", "2026-01-05")],
      cash: [],
      actions: [merger],
      securities: [],
      positions: [],
      closingPositions: [success(decodeOpenPosition({ ...abc, position: "4" }))]
    }, reportOptions({ startDate: "2026-01-01" }))
    assert.deepStrictEqual(activities.map(({ type }) => type), ["BUY"])
    assert.deepStrictEqual(skipped.map(({ reason }) => reason), ["before-start-date"])
  })
})

describe("splits", () => {
  const text = (words: string): Fields => ({ actionDescription: words })

  it("at the day's own trades are shares that come in: Wealthfolio would not rescale these", () => {
    const sameDay = { reportDate: "2026-01-06", ...text("ABC SPLIT 4 FOR 1") }
    assert.deepStrictEqual(
      told(book([action("1", "FS", abc, "30", sameDay)], [[abc, "40"]], [trade("1", abc, "10", "2026-01-06")])),
      ["trade:1 BUY ABC 10 100", "corp:1 TRANSFER_IN ABC 30 0"]
    )
    assert.deepStrictEqual(told(book([action("1", "FS", abc, "30", sameDay)], [[abc, "40"]])), ["corp:1 SPLIT ABC 4 0"])
  })

  it("of a part of what is held under another id are transfers", () => {
    const legs = [action("1", "TC", abc, "-10"), action("2", "TC", { ...abc, conid: "3" }, "5")]
    assert.deepStrictEqual(told(book(legs, [[abc, "2"], [{ ...abc, conid: "3" }, "5"]])), [
      "corp:2 TRANSFER_IN ABC 5 0",
      "corp:1 TRANSFER_OUT ABC 10 0"
    ])
  })

  it("pay out in cash what is no whole share, beside the split", () => {
    const legs = [action("1", "RS", abc, "-83", { proceeds: "3.5" }), action("2", "RS", { ...abc, conid: "3" }, "10")]
    assert.deepStrictEqual(told(book(legs)), [
      "corp:1:cash CREDIT 3.5",
      "corp:2 SPLIT ABC 0.120481927710843373 0",
      "corp:1 no-effect"
    ])
  })

  it("without conids are told by the signs of their two rows", () => {
    const { conid: _, ...unnumbered } = abc
    assert.deepStrictEqual(
      told(book([action("1", "RS", unnumbered, "-80"), action("2", "RS", unnumbered, "10")], [[unnumbered, "10"]])),
      ["corp:2 SPLIT ABC 0.125 0", "corp:1 no-effect"]
    )
  })

  it("take the market of a line that is called the same, where they name none", () => {
    const { listingExchange: _, ...nowhere } = abc
    const booked = book(
      [
        action("1", "RS", { ...nowhere, symbol: "ABC.OLD" }, "-80"),
        action("2", "RS", { ...nowhere, conid: "3" }, "10")
      ],
      undefined,
      [trade("1", abc, "80", "2026-01-05")]
    )
    assert.deepStrictEqual(told(booked), ["trade:1 BUY ABC 80 800", "corp:2 SPLIT ABC 0.125 0", "corp:1 no-effect"])
    assert.deepStrictEqual(booked.instruments.get("3")?.otherConids, ["1"])
  })

  const ratio = (quantity: string, held: string | undefined, words = "") => {
    const found = ratioOfDelta(
      action("1", "FS", abc, quantity, words === "" ? {} : text(words)),
      held === undefined ? undefined : Decimals.of(held)
    )
    return found._tag === "Known" ? Decimals.format(found.ratio) : found.why
  }

  it("agree in text and quantity to less than a share, then the quantity decides", () => {
    assert.strictEqual(ratio("30", "10", "SPLIT 4 FOR 1"), "4")
    assert.strictEqual(ratio("2", "5", "SPLIT 3 FOR 2"), "1.4")
    assert.strictEqual(ratio("1.5", "5", "SPLIT 3 FOR 2"), "\"3 for 2\" does not make 6.5 of 5")
    assert.strictEqual(ratio("30", undefined, "SPLIT 4 FOR 1"), "4")
    assert.strictEqual(ratio("-30", undefined, "SPLIT 4 FOR 1"), "-30 cannot come of \"4 for 1\"")
    assert.strictEqual(ratio("30", "10"), "4")
    assert.strictEqual(ratio("30", undefined), "neither its text nor Open Positions say at what ratio")
    assert.strictEqual(ratio("-10", "10", "SPLIT 1 FOR 8"), "of 10 held 0 would be left")
    assert.strictEqual(ratio("9999999999", "0.0001"), "0.0001 became 9999999999.0001")
  })

  it.effect.prop(
    "of any whole shares at any ratio scale what was held to what is held",
    [integer(1, 100_000), integer(1, 40), integer(1, 40)],
    ([held, after, before]) =>
      Effect.sync(() => {
        if (after === before) return
        const left = Math.floor(held * after / before)
        const found = ratioOfDelta(
          action("1", "FS", abc, String(left - held), text(`SPLIT ${after} FOR ${before}`)),
          Decimals.of(String(held))
        )
        if (left === 0) return assert.strictEqual(found._tag, "Unclear")
        assert.strictEqual(found._tag, "Known")
        if (found._tag !== "Known") return
        const scaled = Decimals.multiply(Decimals.of(String(held)), found.ratio)
        const off = Decimals.abs(Decimals.subtract(scaled, Decimals.of(String(left))))
        assert.isTrue(Decimals.isLessThan(off, Decimals.epsilon))
      })
  )
})

const legs = Arbitrary.array(
  Arbitrary.all({
    kind: integer(0, 5),
    line: integer(0, 1),
    units: integer(-9, 9),
    cents: integer(-3, 3),
    event: integer(0, 2)
  })
)
const kinds = ["TC", "SO", "TO", "DW", "CD", "XX"] as const

describe("any rows", () => {
  it.effect.prop(
    "that are no splits move each line and the cash by just what they say, in whatever order they come",
    [legs],
    ([rows]) =>
      Effect.sync(() => {
        const actions = rows.map(({ cents, event, kind, line, units }, index) =>
          action(String(index + 1), kinds[kind] ?? "TC", line === 0 ? abc : xyz, String(units), {
            actionID: String(event),
            proceeds: String(cents)
          })
        )
        // Far from zero: nothing of it is short.
        const held = (conid: string) =>
          Decimals.add(Decimals.of("1000"), sumOf(actions.filter((row) => row.conid === conid)))
        const closing = [[abc, Decimals.format(held("1"))], [xyz, Decimals.format(held("2"))]] as const
        const booked = book(actions, closing)
        let cash = Decimals.zero
        const moved = new Map<string, Decimal>()
        for (const { amount, instrumentKey = "", quantity, type } of booked.activities) {
          cash = Decimals.add(cash, cashSign(type) > 0 ? amount : Decimals.negate(amount))
          const sign = type === "BUY" || type === "TRANSFER_IN" ? Decimals.one : Decimals.of("-1")
          if (quantity === undefined) continue
          moved.set(
            instrumentKey,
            Decimals.add(moved.get(instrumentKey) ?? Decimals.zero, Decimals.multiply(sign, quantity))
          )
        }
        assert.isFalse(booked.activities.some(({ type }) => type === "SPLIT"))
        assert.isTrue(Decimals.equals(cash, Decimals.sum(actions.map(({ proceeds }) => proceeds ?? Decimals.zero))))
        for (const conid of ["1", "2"]) {
          const said = sumOf(actions.filter((row) => row.conid === conid))
          assert.isTrue(Decimals.equals(moved.get(conid) ?? Decimals.zero, said))
        }
        assert.deepStrictEqual(told(book(actions.toReversed(), closing)).toSorted(), told(booked).toSorted())
      })
  )
})

const sumOf = (rows: ReadonlyArray<CorporateAction>): Decimal => Decimals.sum(rows.map(({ quantity }) => quantity))
