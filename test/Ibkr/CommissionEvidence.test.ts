import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import type { BrokerReport } from "../../src/Broker.ts"
import * as Decimals from "../../src/Portfolio/Decimal.ts"
import { fixture, type FixtureOptions, read } from "../support/fixture.ts"

const shown = ({ commissions = [] }: BrokerReport) =>
  commissions.map(({ id, pieces, refused }) => ({
    id: id.replace("ibkr:fxcomm:", ""),
    pieces: pieces.map(({ amounts, conversions }) =>
      [...conversions, ...[...amounts].map(([currency, amount]) => `${Decimals.format(amount)} ${currency}`)].join(" ")
    ),
    ...(refused === undefined ? {} : { refused })
  }))

const id = "2026-01-05:2026-01-09"

layer(NodeFileSystem.layer)("commissions charged in another currency than their rows say", (it) => {
  const changed = Effect.fnUntraced(
    function*(name: string, changes: ReadonlyArray<readonly [string | RegExp, string]>, options?: FixtureOptions) {
      let text = new TextDecoder().decode(yield* fixture(name))
      for (const [from, to] of changes) {
        const after = text.replace(from, to)
        assert.notStrictEqual(after, text, String(from))
        text = after
      }
      return shown((yield* read(text, options)).report)
    }
  )

  it.effect("by the Cash Report: of all conversions together, whatever else is booked or not", () =>
    Effect.gen(function*() {
      const together = [{ id, pieces: ["6000000811 6000000812 1.6 CHF -2 USD"] }]
      assert.deepStrictEqual(yield* changed("commission-swap.xml", []), together)
      assert.deepStrictEqual(
        yield* changed("commission-swap.xml", [["type=\"Dividends\"", "type=\"Payment In Lieu Of Dividends\""]]),
        together
      )
    }))

  it.effect("by the Statement of Funds: of each; where a conversion is not in it, by the Cash Report", () =>
    Effect.gen(function*() {
      const name = "commission-swap-funds.xml"
      const each = [{ id, pieces: ["6000000811", "6000000812 1.6 CHF -2 USD"] }]
      assert.deepStrictEqual(yield* changed(name, []), each)
      assert.deepStrictEqual(yield* changed(name, [[/<CashReport>[^]*<\/CashReport>/, "<CashReport />"]]), each)
      assert.deepStrictEqual(
        yield* changed(name, [[
          "Commission from Forex Trade\" tradeID=\"6000000811\"",
          "Other\" tradeID=\"6000000811\""
        ]]),
        [{ id, pieces: ["6000000811 6000000812 1.6 CHF -2 USD"] }]
      )
    }))

  it.effect("refused where another component differs too, also where the balance does not", () =>
    Effect.gen(function*() {
      const [found] = yield* changed("commission-swap.xml", [
        [
          "currency=\"USD\" levelOfDetail=\"Currency\" fromDate=\"2026-01-05\" toDate=\"2026-01-09\" startingCash=\"0\" commissions=\"-3\" depositWithdrawals=\"0\" dividends=\"5\"",
          "currency=\"USD\" levelOfDetail=\"Currency\" fromDate=\"2026-01-05\" toDate=\"2026-01-09\" startingCash=\"0\" commissions=\"-3\" depositWithdrawals=\"2\" dividends=\"3\""
        ]
      ])
      assert.deepStrictEqual(found, {
        id,
        pieces: [],
        refused: "commissions differ by 1.6 CHF, -2 USD, and are not corrected: "
          + "so do dividends by -2 USD, deposits by 2 USD"
      })
    }))

  it.effect.each<[string, ReadonlyArray<readonly [string, string]>, string]>([
    [
      "one currency alone",
      [["commissions=\"-3\"", "commissions=\"-1\""], ["endingCash=\"752\"", "endingCash=\"754\""]],
      "it is not one currency for another"
    ],
    ["more than conversions say", [["commissions=\"-1.6\"", "commissions=\"2\""], [
      "endingCash=\"8598.4\"",
      "endingCash=\"8602\""
    ]], "conversions have less commission than that in CHF"],
    ["a currency that none converts", [
      ["symbol=\"CHF.USD\" description=\"CHF.USD\"", "symbol=\"CHF.USD\" description=\"\""],
      [
        "</CashReport>",
        "<CashReportCurrency accountId=\"U1234567\" currency=\"EUR\" startingCash=\"0\" commissions=\"-2\" "
        + "netTradesSales=\"0\" netTradesPurchases=\"0\" endingCash=\"-2\" /></CashReport>"
      ],
      ["commissions=\"-3\"", "commissions=\"-1\""],
      ["endingCash=\"752\"", "endingCash=\"754\""]
    ], "no conversion is from or to EUR"]
  ])("refused: %s", ([, changes, reason]) =>
    Effect.gen(function*() {
      const [found] = yield* changed("commission-swap.xml", changes)
      assert.deepStrictEqual(found?.pieces, [])
      assert.match(found?.refused ?? "", new RegExp(`: ${reason}$`))
    }))

  it.effect("nothing is said without components, and of conversions before the start", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* changed("commission-swap.xml", [[/ commissions="[^"]*"/g, ""]]), [])
      assert.deepStrictEqual(yield* changed("commission-swap.xml", [], { startDate: "2026-01-08" }), [
        { id, pieces: [] }
      ])
      const [mixed] = yield* changed("commission-swap.xml", [], { startDate: "2026-01-07" })
      assert.deepStrictEqual(mixed, { id, pieces: [], refused: "some conversions are before 2026-01-07" })
    }))
})
