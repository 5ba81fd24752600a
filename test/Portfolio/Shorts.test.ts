import { assert, describe, it } from "@effect/vitest"
import { Arbitrary, Effect } from "effect"
import * as Decimals from "../../src/Portfolio/Decimal.ts"
import type { Decimal } from "../../src/Portfolio/Decimal.ts"
import { type Move, shortParts } from "../../src/Portfolio/Shorts.ts"
import { integer } from "./arbitrary.ts"

const move = (quantity: string, mark?: string, instrumentKey = "1"): Move => ({
  instrumentKey,
  quantity: Decimals.of(quantity),
  ...(mark === undefined ? {} : { mark })
})
const parts = (moves: ReadonlyArray<Move>, opening: string | undefined) =>
  shortParts(moves, () => opening === undefined ? undefined : Decimals.of(opening)).map(({ short }) =>
    Decimals.format(short)
  )

describe("shortParts", () => {
  it("a long position has none; what is sold beyond it, and bought until it is covered, is short", () => {
    assert.deepStrictEqual(parts([move("10"), move("-4")], "0"), ["0", "0"])
    assert.deepStrictEqual(parts([move("-15"), move("3"), move("7")], "10"), ["5", "3", "2"])
    assert.deepStrictEqual(parts([move("2"), move("2")], "-3"), ["2", "1"])
  })

  it("by the marks where the opening is unknown: all of an opening sale, all of a closing purchase", () => {
    assert.deepStrictEqual(
      parts([move("-4", "O"), move("4", "C"), move("-4", "C"), move("4", "O"), move("-1")], undefined),
      [
        "4",
        "4",
        "0",
        "0",
        "0"
      ]
    )
  })

  it("by the marks where they contradict the reckoning: a purchase never becomes a charge by mistake", () => {
    assert.deepStrictEqual(parts([move("10", "O")], "-10"), ["0"])
    assert.deepStrictEqual(parts([move("-10", "C"), move("-1", "O")], "0"), ["0", "1"])
    // Another instrument is reckoned by itself.
    assert.deepStrictEqual(parts([move("10", "O"), move("10", "", "2")], "-10"), ["0", "10"])
  })

  const many = Arbitrary.array(Arbitrary.all({ units: integer(-50, 50), key: integer(1, 3) }))
  it.effect.prop(
    "what is not short never takes a tracker without shorts below zero, and ends where the broker is, or at zero",
    [many, integer(-40, 40)],
    ([steps, opening]) =>
      Effect.sync(() => {
        const moves = steps.map(({ key, units }) => move(String(units), undefined, String(key)))
        const found = shortParts(moves, () => Decimals.of(String(opening)))
        for (const key of ["1", "2", "3"]) {
          let broker: Decimal = Decimals.of(String(opening))
          let tracker = Decimals.isNegative(broker) ? Decimals.zero : broker
          moves.forEach(({ instrumentKey, quantity }, index) => {
            if (instrumentKey !== key) return
            const short = found[index]?.short ?? Decimals.zero
            const long = Decimals.subtract(Decimals.abs(quantity), short)
            assert.isFalse(Decimals.isNegative(short) || Decimals.isNegative(long))
            broker = Decimals.add(broker, quantity)
            tracker = Decimals.add(tracker, Decimals.isNegative(quantity) ? Decimals.negate(long) : long)
            assert.isTrue(Decimals.equals(tracker, Decimals.isNegative(broker) ? Decimals.zero : broker))
          })
        }
      })
  )
})
