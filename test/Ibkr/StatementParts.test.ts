import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import { assert, describe, it } from "@effect/vitest"
import { Effect, FileSystem, Stream } from "effect"
import { readdirSync } from "node:fs"
import { generateStatement } from "../../bench/generate-statement.ts"
import type { BrokerReport } from "../../src/Broker.ts"
import { scanStatement } from "../../src/Ibkr/FlexStatement.ts"
import { statementReport } from "../../src/Ibkr/StatementReport.ts"
import {
  aapl,
  action,
  balance,
  cancel,
  cash,
  type Day,
  dividend,
  position,
  put,
  statement,
  trade,
  transfer,
  vusa
} from "../e2e/statement.ts"
import { fixture, reportOptions, shownActivity, shownSkip } from "../support/fixture.ts"
import { mapInParts, toldBeside, untimed } from "../support/inParts.ts"

const scan = Effect.fnUntraced(function*(bytes: Uint8Array) {
  const files = yield* FileSystem.FileSystem
  const directory = yield* files.makeTempDirectoryScoped()
  return yield* scanStatement(Stream.make(bytes), { spool: `${directory}/spool` })
})

const generated = Effect.fnUntraced(function*(shape: { readonly trades: number; readonly cash: number }) {
  const files = yield* FileSystem.FileSystem
  const out = `${yield* files.makeTempDirectoryScoped()}/statement.xml`
  generateStatement({ ...shape, seed: 3, out })
  return yield* files.readFile(out)
})

const rows = (report: BrokerReport) =>
  [
    ...untimed(report).activities.map((activity) => JSON.stringify(shownActivity(activity, report))),
    ...report.skipped.map((row) => JSON.stringify(shownSkip(row)))
  ].sort()

const same = (apart: BrokerReport, whole: BrokerReport) => {
  assert.deepStrictEqual(rows(apart), rows(whole))
  assert.deepStrictEqual(toldBeside(apart), toldBeside(whole))
}

describe("a statement in parts", () => {
  it.effect("becomes what it becomes as one, in parts of no more rows than asked", () =>
    Effect.gen(function*() {
      const scanned = yield* scan(yield* generated({ trades: 1_500, cash: 400 }))
      const whole = yield* statementReport(scanned, [], reportOptions())
      assert.strictEqual(whole.activities.length, 1_900)
      const apart = yield* mapInParts(scanned, [], reportOptions(), 300)
      if (apart === undefined) return assert.fail("one part")
      assert.isAtLeast(apart.sizes.length, 7)
      for (const size of apart.sizes) assert.isAtMost(size, 300)
      same(apart.report, whole)
    }).pipe(Effect.scoped, Effect.provide(NodeFileSystem.layer)))

  const names = readdirSync(new URL("../../fixtures", import.meta.url)).filter((name) => name.endsWith(".xml"))

  it.effect("of every fixture that can be divided, too", () =>
    Effect.gen(function*() {
      let divided = 0
      let corrected = 0
      for (const name of names) {
        const scanned = yield* Effect.option(scan(yield* fixture(name)))
        if (scanned._tag === "None") continue
        const whole = yield* statementReport(scanned.value, [], reportOptions())
        const apart = yield* mapInParts(scanned.value, [], reportOptions(), 1)
        if (apart === undefined) continue
        divided++
        corrected += apart.report.commissions?.length ?? 0
        same(apart.report, whole)
      }
      assert.isAbove(divided, 15)
      assert.isAbove(corrected, 0)
    }).pipe(Effect.scoped, Effect.provide(NodeFileSystem.layer)))

  const text = (day: Day) => new TextEncoder().encode(statement(day))

  it.effect("though a row of another part makes its positions doubtful", () =>
    Effect.gen(function*() {
      const day = (price: string) =>
        text({
          // Short by the closing position, unless a sale is missing.
          trades: [
            trade("61", vusa, 10, "80", "2026-01-05"),
            trade("62", aapl, 3, price, "2026-01-05"),
            trade("63", put, 1, "2", "2026-01-05")
          ],
          positions: [position(aapl, 3), position(put, 1)],
          more: { Transfers: [], StockGrantActivities: [] }
        })
      const told: Array<ReadonlyArray<string>> = []
      for (const price of ["200", "unread"]) {
        const scanned = yield* scan(day(price))
        const whole = yield* statementReport(scanned, [], reportOptions())
        const apart = yield* mapInParts(scanned, [], reportOptions(), 1)
        assert.strictEqual(apart?.sizes.length, 3)
        same(apart?.report ?? whole, whole)
        told.push(rows(whole).filter((row) => row.includes("ibkr:trade:61")))
      }
      assert.notDeepEqual(told[0], told[1])
    }).pipe(Effect.scoped, Effect.provide(NodeFileSystem.layer)))

  const partsOf = Effect.fnUntraced(function*(day: Day) {
    const scanned = yield* scan(text(day))
    const apart = yield* mapInParts(scanned, [], reportOptions(), 1)
    if (apart !== undefined) same(apart.report, yield* statementReport(scanned, [], reportOptions()))
    return apart?.sizes
  })
  const other = { ...vusa, symbol: "VUAG", conid: "51000009", isin: "IE00BFMXXD54" }
  const on = "2026-01-05"
  const byItsText = (fields: Readonly<Record<string, string>>) =>
    cash("71", "Dividends", "2", "GBP", on, {
      description: "VUSA(IE00B3XXRP09) CASH DIVIDEND GBP 0.2",
      ...fields
    })

  it.effect("judges commissions by conversions of several pairs, each in a part of its own", () =>
    Effect.gen(function*() {
      const conversion = (id: string, from: string, proceeds: string) =>
        trade(
          id,
          { symbol: `${from}.USD`, conid: `5200${id}`, currency: "USD", assetCategory: "CASH" },
          100,
          "1.2",
          on,
          {
            proceeds,
            ibCommission: "-2",
            ibCommissionCurrency: "USD"
          }
        )
      // Of both together 3 USD were charged less than their rows say, and 2 GBP instead.
      const line = (currency: string, ending: string, trades: string, commissions: string) => ({
        ...balance(currency, "0", ending),
        netTradesSales: trades,
        netTradesPurchases: "0",
        commissions
      })
      const scanned = yield* scan(text({
        trades: [conversion("61", "GBP", "-120"), conversion("62", "EUR", "-110")],
        balances: [
          line("USD", "-231", "-230", "-1"),
          line("GBP", "98", "100", "-2"),
          line("EUR", "100", "100", "0")
        ]
      }))
      const whole = yield* statementReport(scanned, [], reportOptions())
      const apart = yield* mapInParts(scanned, [], reportOptions(), 1)
      // Two legs and a commission each.
      assert.deepStrictEqual(apart?.sizes, [3, 3, 0])
      same(apart?.report ?? whole, whole)
      const [piece, ...more] = (whole.commissions ?? []).flatMap(({ pieces }) => pieces)
      assert.deepStrictEqual([[...piece?.conversions ?? []].sort(), more], [["61", "62"], []])
      assert.deepStrictEqual([...piece?.amounts.keys() ?? []].sort(), ["GBP", "USD"])
    }).pipe(Effect.scoped, Effect.provide(NodeFileSystem.layer)))

  it.effect.each(
    [
      [
        "a trade and its cancel",
        { trades: [trade("61", vusa, 10, "80", on), cancel("61", vusa, 10, "80", on, on)] },
        1
      ],
      ["trades of two securities", { trades: [trade("61", vusa, 10, "80", on), trade("62", other, 3, "9", on)] }, 2],
      ["one id on two securities", { trades: [trade("61", vusa, 10, "80", on), trade("61", other, 3, "9", on)] }, 1],
      ["a trade and a dividend by conid", {
        trades: [trade("61", vusa, 10, "80", on)],
        cash: [dividend("71", vusa, "2", "GBP", on)]
      }, 1],
      ["a dividend by its text", {
        trades: [trade("61", vusa, 10, "80", on)],
        cash: [byItsText({})]
      }, 1],
      ["a dividend by its text, beside an ISIN of something else", {
        trades: [trade("61", vusa, 10, "80", on)],
        cash: [byItsText({ isin: "US0000000000" })]
      }, 1],
      ["a dividend by its text, with the symbol of a roll-up", {
        trades: [trade("61", vusa, 10, "80", on)],
        cash: [byItsText({ symbol: "--" })]
      }, 1],
      ["two positions of nobody knows what", {
        trades: [trade("61", vusa, 10, "80", on), trade("62", other, 3, "9", on)],
        positions: [
          position({ ...vusa, conid: "", symbol: "" }, 2),
          position({ ...other, conid: "", symbol: "" }, 3)
        ]
      }, 2],
      ["a summary of cash beside a line that cannot be read", {
        trades: [trade("61", vusa, 10, "80", on), trade("62", { ...other, currency: "USD" }, 3, "9", on)],
        balances: [balance("BASE_SUMMARY", "0", "5"), balance("", "0", "5")]
      }, 1],
      ["interest in two currencies", {
        cash: [
          cash("71", "Broker Interest Received", "2", "GBP", on),
          cash("72", "Broker Interest Received", "3", "USD", on)
        ]
      }, 2],
      ["a symbol that two contracts have", {
        trades: [trade("61", vusa, 10, "80", on), trade("62", { ...other, symbol: "VUSA" }, 3, "9", on)]
      }, 1],
      ["securities without contract ids", {
        trades: [trade("61", { ...vusa, conid: "" }, 10, "80", on), trade("62", { ...other, conid: "" }, 3, "9", on)]
      }, 1],
      ["a corporate action between two", {
        trades: [trade("61", vusa, 10, "80", on), trade("62", other, 3, "9", on)],
        actions: [action("81", "9", "RS", vusa, "-10", "x", on), action("82", "9", "RS", other, "1", "x", on)]
      }, 1],
      ["a transfer of cash beside a deposit", {
        cash: [cash("71", "Deposits", "100", "GBP", on)],
        more: {
          Transfers: [transfer("91", vusa, "3", on), transfer("92", undefined, "100", on)]
        }
      }, 1],
      ["a transfer of cash beside a deposit that names a security", {
        cash: [cash("71", "Deposits", "100", "GBP", on, { conid: "51000001", symbol: "VUSA" })],
        more: {
          Transfers: [transfer("91", other, "3", on), transfer("92", undefined, "100", on)]
        }
      }, 1],
      ["a conversion", {
        trades: [
          trade("61", vusa, 10, "80", on),
          trade("62", { ...aapl, assetCategory: "CASH", symbol: "GBP.USD", conid: "12087797" }, 10, "1.2", on)
        ]
        // And one of no rows, where its commission is judged.
      }, 3]
    ] as const
  )("keeps together what may bear on one another: %s", ([, day, parts]) =>
    Effect.gen(function*() {
      assert.strictEqual((yield* partsOf(day))?.length ?? 1, parts)
    }).pipe(Effect.scoped, Effect.provide(NodeFileSystem.layer)))
})
