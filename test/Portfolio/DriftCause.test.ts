import { assert, describe, it } from "@effect/vitest"
import { Arbitrary, Effect } from "effect"
import * as Decimals from "../../src/Portfolio/Decimal.ts"
import {
  type DriftCause,
  driftCauses,
  type DriftEvidence,
  explainDrift,
  splitEvidence
} from "../../src/Portfolio/DriftCause.ts"
import { integer } from "./arbitrary.ts"

const evidence = (cause: DriftCause, quantity: string, ...rows: ReadonlyArray<string>): DriftEvidence => ({
  cause,
  quantity: Decimals.of(quantity),
  rows,
  remedy: "do something"
})
const told = (drift: string, found: ReadonlyArray<DriftEvidence>) => {
  const { evidence, isWhole } = explainDrift(Decimals.of(drift), found)
  return [isWhole, ...evidence.map(({ cause, rows }) => `${cause} ${rows.join()}`)]
}

describe("explainDrift", () => {
  it("takes the fewest causes that make it up, all rows of a cause together", () => {
    const found = [
      evidence("row-held", "3", "a"),
      evidence("row-removed", "4", "b"),
      evidence("row-removed", "1", "c"),
      evidence("row-by-hand", "-2", "d")
    ]
    assert.deepStrictEqual(told("3", found), [true, "row-held a"])
    assert.deepStrictEqual(told("5", found), [true, "row-removed b", "row-removed c"])
    assert.deepStrictEqual(told("6", found), [true, "row-held a", "row-removed b", "row-removed c", "row-by-hand d"])
  })

  it("says all it found where that does not make it up, and nothing where there is nothing", () => {
    assert.deepStrictEqual(told("4", [evidence("row-held", "3", "a")]), [false, "row-held a"])
    assert.deepStrictEqual(told("4", []), [false])
  })

  it.effect.prop(
    "what is called whole sums to the drift, by rows that were given",
    [
      integer(-9, 9),
      Arbitrary.array(Arbitrary.all({ units: integer(-4, 4), cause: integer(0, driftCauses.length - 1) }))
    ],
    ([drift, pieces]) =>
      Effect.sync(() => {
        const found = pieces.slice(0, 12).map(({ cause, units }, index) =>
          evidence(driftCauses[cause] ?? "short", String(units), String(index))
        )
        const explanation = explainDrift(Decimals.of(String(drift)), found)
        for (const each of explanation.evidence) assert.include(found, each)
        const sum = Decimals.sum(explanation.evidence.map(({ quantity }) => quantity))
        const isSum = Decimals.equals(sum, Decimals.of(String(drift)))
        if (explanation.isWhole) assert.isTrue(isSum)
        if (drift !== 0 && isSum) assert.isTrue(explanation.isWhole)
      })
  )
})

describe("splitEvidence", () => {
  it("is a split by which the tracker would be where the broker is", () => {
    const split = { id: "s", ratio: Decimals.of("4") }
    const of = (broker: string, tracker: string) =>
      splitEvidence({ broker: Decimals.of(broker), tracker: Decimals.of(tracker) }, [split])
        .map(({ cause, quantity, rows }) => `${cause} ${Decimals.format(quantity)} ${rows.join()}`)
    assert.deepStrictEqual(of("40", "10"), ["split-not-applied 30 s"])
    assert.deepStrictEqual(of("41", "10"), [])
  })
})
