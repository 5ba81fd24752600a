import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import { assert, describe, layer } from "@effect/vitest"
import { Effect, Result } from "effect"
import { bookings } from "../../src/Ibkr/Activities.ts"
import {
  decodeOpenPosition,
  decodePositionLot,
  decodePriorPeriodPosition,
  decodeTrade
} from "../../src/Ibkr/FlexReport.ts"
import { instrumentIndex } from "../../src/Ibkr/Instruments.ts"
import { openingPositions } from "../../src/Ibkr/OpeningPositions.ts"
import * as Decimals from "../../src/Portfolio/Decimal.ts"
import { aapl, balance, type Day, lot, position, ptt, put, type Row, statement, trade, vusa } from "../e2e/statement.ts"
import { type FixtureOptions, read, reportOptions, shownOpening } from "../support/fixture.ts"

const openingOf = (day: Day, options: FixtureOptions = {}) =>
  Effect.map(read(statement(day), options), ({ report }) => shownOpening(report))

const prices = (day: Day) =>
  Effect.map(
    openingOf(day),
    (opening) =>
      opening?.positions.map(({ quantity, source, symbol, unitPrice }) =>
        [symbol, quantity, unitPrice, source].join(" ")
      )
  )

const prior = (date: string, price: string): Row => ({ ...vusa, date, price })

layer(NodeFileSystem.layer)("what was held before", (it) => {
  describe("quantities", () => {
    it.effect("of all that is held or moved; what was moved, but cannot be booked yet, counts as moved", () =>
      Effect.gen(function*() {
        assert.deepStrictEqual(
          yield* prices({
            trades: [
              trade("1", vusa, -10, "80", "2026-01-06"),
              trade("2", aapl, 3, "250", "2026-01-06"),
              trade("3", ptt, 100, "33", "2026-01-06")
            ],
            positions: [position(vusa, 90), position(ptt, 100)]
          }),
          ["VUSA.L 100 80 first-price", "PTT 0 33 first-price", "AAPL -3 250 first-price"]
        )
      }))

    it.effect("not of what is no security: a future stays out", () =>
      Effect.gen(function*() {
        const future = { ...aapl, assetCategory: "FUT", conid: "51000091", symbol: "ESH6" }
        assert.deepStrictEqual(yield* prices({ positions: [position(future, 1), position(vusa, 1)] }), ["VUSA.L 1  "])
      }))

    it.effect("a multiplier of 0 is none, and the price stays", () =>
      Effect.gen(function*() {
        for (const security of [put, vusa]) {
          const [line] = (yield* prices({
            positions: [{ ...position(security, 2), multiplier: "0", markPrice: "3.5" }]
          })) ?? []
          assert.strictEqual(line?.replace(/^\S+ /, ""), "2 3.5 first-price", security.symbol)
        }
      }))

    it.effect.each<[string, Day]>([
      ["a trade cannot be read", { trades: [trade("1", vusa, 1, "ten", "2026-01-06")] }],
      ["a trade moves nothing", { trades: [trade("1", vusa, 0, "80", "2026-01-06")] }],
      ["a trade has no id", { trades: [trade("", vusa, 1, "80", "2026-01-06", { transactionID: "" })] }],
      ["a trade names no security", {
        trades: [trade("1", { ...vusa, conid: "", symbol: "" }, 1, "80", "2026-01-06")]
      }],
      ["a position cannot be read", { positions: [{ ...position(vusa, 1), position: "many" }] }],
      ["there are no positions", { positions: null }]
    ])("are not known where %s", ([_name, day]) =>
      Effect.gen(function*() {
        assert.isUndefined(yield* openingOf(day))
      }))

    it.effect("as of the first day that is booked, where that is within the statement; then without cash", () =>
      Effect.gen(function*() {
        const day: Day = {
          trades: [trade("1", vusa, -10, "80", "2026-01-06"), trade("2", vusa, 5, "81", "2026-01-08")],
          positions: [position(vusa, 95)],
          balances: [balance("GBP", "500", "500")]
        }
        const shown = (startDate: string) =>
          Effect.map(openingOf(day, { startDate }), (opening) =>
            opening === undefined ? undefined : [
              opening.day,
              opening.positions.map(({ quantity }) => quantity),
              opening.cash.map(({ amount }) => amount)
            ])
        assert.deepStrictEqual(yield* shown("2026-01-01"), ["2026-01-05", ["100"], ["500"]])
        assert.deepStrictEqual(yield* shown("2026-01-07"), ["2026-01-07", ["90"], []])
        assert.isUndefined(yield* shown("2026-01-10"))
      }))

    it.effect("of several statements in one file as of the first day", () =>
      Effect.gen(function*() {
        const { report } = yield* read(statement(
          {
            from: "2026-01-06",
            to: "2026-01-06",
            positions: [position(vusa, 7)],
            trades: [trade("2", vusa, 3, "81", "2026-01-06")]
          },
          {
            from: "2026-01-05",
            to: "2026-01-05",
            positions: [position(vusa, 4)],
            trades: [trade("1", vusa, -1, "80", "2026-01-05")]
          }
        ))
        assert.deepStrictEqual(shownOpening(report)?.day, "2026-01-05")
        assert.deepStrictEqual(shownOpening(report)?.positions.map(({ quantity }) => quantity), ["5"])
      }))
  })

  describe("prices", () => {
    const held = [position(vusa, 90), { ...position(aapl, 2), markPrice: "251" }]

    it.effect("of lots opened before, weighted; else of the oldest prior day; else the first trade, else the mark", () =>
      Effect.gen(function*() {
        const sale = trade("1", vusa, -10, "80", "2026-01-06")
        const rows = { trades: [trade("2", vusa, -1, "82", "2026-01-05"), sale], positions: held }
        assert.deepStrictEqual(yield* prices(rows), ["VUSA.L 101 82 first-price", "AAPL 2 251 first-price"])
        const priced = { ...rows, prior: [prior("2026-01-05", "81"), prior("2026-01-02", "79")] }
        assert.strictEqual((yield* prices(priced))?.[0], "VUSA.L 101 79 prior-period")
        const lots = [
          lot(vusa, 60, "70", "2025-03-03"),
          { ...lot(vusa, 30, "", "2025-04-01"), openPrice: "73" },
          // Bought in the statement's days, on a day nobody can read, and at no price.
          lot(vusa, 50, "1", "2026-01-05"),
          { ...lot(vusa, 50, "1", ""), openDateTime: "01/02/2025" },
          lot(vusa, 50, "many", "2025-03-03")
        ]
        assert.strictEqual((yield* prices({ ...priced, positions: [...held, ...lots] }))?.[0], "VUSA.L 101 71 lots")
      }))

    it.effect("lots are no rows of the section: a query that has them alone does not say what is held", () =>
      Effect.gen(function*() {
        const { report, scanned } = yield* read(statement({ positions: [lot(vusa, 60, "70", "2025-03-03")] }))
        assert.isFalse(report.complete)
        assert.isUndefined(report.opening)
        assert.strictEqual(scanned.sections.get("OpenPositions")?.usable, 0)
      }))

    it("not of lots where something else moved the position: they may be split, or have come in", () => {
      const rows = {
        trades: [Result.getOrThrow(decodeTrade(trade("1", vusa, -10, "80", "2026-01-06")))],
        cash: [],
        securities: [],
        positions: [Result.getOrThrow(decodeOpenPosition(position(vusa, 190)))]
      }
      const index = instrumentIndex(rows, new Map())
      const shown = (otherMoves: Parameters<typeof openingPositions>[0]["otherMoves"]) =>
        openingPositions({
          closing: new Map([["51000001", Decimals.of("190")]]),
          trades: [],
          otherMoves,
          lots: [Result.getOrThrow(decodePositionLot(lot(vusa, 190, "35", "2025-03-03")))],
          priorPositions: [Result.getOrThrow(decodePriorPeriodPosition(prior("2026-01-02", "79")))]
        }, index).map(({ price, quantity }) => `${Decimals.format(quantity)} ${price?.source}`)
      assert.deepStrictEqual(shown([]), ["190 lots"])
      assert.deepStrictEqual(shown([{ instrumentKey: "51000001", quantity: Decimals.of("95") }]), ["95 prior-period"])
      assert.strictEqual(bookings(rows, reportOptions()).opening, undefined)
    })
  })
})
