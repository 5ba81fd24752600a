import { assert, describe, it } from "@effect/vitest"
import { Arbitrary, Effect, Schema } from "effect"
import * as Decimals from "../../src/Portfolio/Decimal.ts"
import { judgePrice, type PriceVerdict } from "../../src/Portfolio/PriceWitness.ts"
import { integer } from "./arbitrary.ts"

const rates = new Map([["GBP", Decimals.of("1.17")], ["USD", Decimals.of("0.86")], ["EUR", Decimals.one]])

const judge = (
  broker: string,
  currency: string,
  tracker: string,
  trackerCurrency: string,
  splits: ReadonlyArray<string> = []
): string => {
  const verdict: PriceVerdict = judgePrice({
    broker: Decimals.of(broker),
    currency,
    tracker: Decimals.of(tracker),
    trackerCurrency,
    rates,
    splits: splits.map(Decimals.of)
  })
  return verdict._tag === "OtherCurrency" ? verdict.currency : verdict._tag
}

describe("judgePrice", () => {
  it("agrees with pence that say so, and with what sources differ by", () => {
    assert.strictEqual(judge("89.87", "GBP", "8987", "GBp"), "Agrees")
    assert.strictEqual(judge("89.87", "GBP", "90.9", "GBP"), "Agrees")
    assert.strictEqual(judge("89.87", "GBP", "0", "GBP"), "Agrees")
  })

  it("a hundredfold that remains is pence on one side alone", () => {
    assert.strictEqual(judge("89.87", "GBP", "8987", "GBP"), "Hundredfold")
    assert.strictEqual(judge("89.87", "GBP", "89.87", "GBX"), "Hundredfold")
  })

  it("the ratio of a rate names the line's currency, another one another listing", () => {
    // 89.87 GBP are 122.27 USD.
    assert.strictEqual(judge("89.87", "GBP", "122.3", "GBP"), "USD")
    assert.strictEqual(judge("89.87", "GBP", "31", "GBP"), "OtherListing")
  })

  it("a split between is none", () => {
    assert.strictEqual(judge("400", "USD", "100", "USD", ["4"]), "Agrees")
    assert.strictEqual(judge("100", "USD", "400", "USD", ["4"]), "Agrees")
    assert.strictEqual(judge("400", "USD", "100", "USD", ["2"]), "OtherListing")
  })

  it.effect.prop("what is the same price agrees, whatever unit either side is in", [
    integer(1, 1_000_000),
    Arbitrary.schema(Schema.Boolean)
  ], ([cents, inPence]) =>
    Effect.sync(() => {
      const pounds = Decimals.format(Decimals.divide(Decimals.of(String(cents)), Decimals.of("100")))
      assert.strictEqual(judge(pounds, "GBP", inPence ? String(cents) : pounds, inPence ? "GBp" : "GBP"), "Agrees")
    }))
})
