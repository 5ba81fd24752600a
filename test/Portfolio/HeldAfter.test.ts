import { assert, describe, it } from "@effect/vitest"
import { Arbitrary, Effect } from "effect"
import * as Decimals from "../../src/Portfolio/Decimal.ts"
import { moveCash, quantitiesAfter } from "../../src/Portfolio/HeldAfter.ts"
import { reconcileCash, type TrackedMovement } from "../../src/Portfolio/Reconcile.ts"
import { movement } from "./arbitrary.ts"

const row = (type: string, quantity: string, more: Partial<TrackedMovement> = {}): TrackedMovement => ({
  type,
  assetId: "a",
  currency: "GBP",
  quantity: Decimals.of(quantity),
  ...more
})

const cashAfter = (rows: ReadonlyArray<TrackedMovement>) => {
  const cash = new Map<string, Decimals.Decimal>()
  for (const row of rows) moveCash(cash, row)
  return cash
}

const held = (...rows: ReadonlyArray<TrackedMovement>) =>
  Object.fromEntries([...quantitiesAfter(rows)].map(([asset, quantity]) => [asset, Decimals.format(quantity)]))

describe("what is held after some rows", () => {
  it("what brings and what takes units", () => {
    assert.deepStrictEqual(
      held(row("BUY", "10"), row("TRANSFER_IN", "5"), row("SELL", "3"), row("TRANSFER_OUT", "2")),
      {
        a: "10"
      }
    )
    assert.deepStrictEqual(
      held(row("DIVIDEND", "1", { subtype: "DRIP" }), row("INTEREST", "2", { subtype: "STAKING_REWARD" })),
      { a: "3" }
    )
    assert.deepStrictEqual(held(row("BUY", "3"), row("ADJUSTMENT", "3", { subtype: "OPTION_EXPIRY" })), { a: "0" })
    assert.deepStrictEqual(
      held(row("BUY", "3"), row("DIVIDEND", "9"), row("SPLIT", "0", { amount: Decimals.of("4") })),
      {
        a: "12"
      }
    )
    assert.deepStrictEqual(held({ type: "DEPOSIT", currency: "GBP", amount: Decimals.one }), {})
  })

  it("a sale of what is not held takes nothing away", () => {
    assert.deepStrictEqual(held(row("SELL", "10"), row("BUY", "4")), { a: "4" })
    assert.deepStrictEqual(held(row("BUY", "4"), row("SELL", "10"), row("BUY", "1")), { a: "1" })
  })

  it.effect.prop(
    "nothing is ever below zero; and what was held before is what must be added for the rest to go on from",
    [Arbitrary.array(movement, { maxLength: 12 }), Arbitrary.array(movement, { maxLength: 12 })],
    ([before, after]) =>
      Effect.sync(() => {
        const then = quantitiesAfter(before)
        const opening = [...then].map(([assetId, quantity]) => row("TRANSFER_IN", "0", { assetId, quantity }))
        const [all, opened] = [quantitiesAfter([...before, ...after]), quantitiesAfter([...opening, ...after])]
        for (const [asset, quantity] of all) {
          assert.isFalse(Decimals.isNegative(quantity))
          assert.isTrue(Decimals.equals(quantity, opened.get(asset) ?? Decimals.zero))
        }
      })
  )

  it.effect.prop(
    "cash forwards is the cash that is left when later rows are taken out",
    [Arbitrary.array(movement, { maxLength: 12 }), Arbitrary.array(movement, { maxLength: 12 })],
    ([before, after]) =>
      Effect.sync(() => {
        const then = cashAfter(before)
        const balances = ["GBP", "USD"].map((currency) => ({
          currency,
          opening: Decimals.zero,
          closing: Decimals.zero
        }))
        const tracker = cashAfter([...before, ...after])
        for (const line of reconcileCash({ balances, moved: new Map(), tracker, later: after })) {
          assert.strictEqual(
            Decimals.format(line.tracker ?? Decimals.zero),
            Decimals.format(then.get(line.currency) ?? Decimals.zero)
          )
        }
      })
  )
})
