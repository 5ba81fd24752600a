import { assert, describe, it } from "@effect/vitest"
import { Arbitrary, Effect } from "effect"
import {
  brokerSteps,
  type CashBridge,
  cashBridge,
  type CashByKind,
  type CashKind,
  cashKinds
} from "../../src/Portfolio/CashBridge.ts"
import * as Decimals from "../../src/Portfolio/Decimal.ts"
import { decimal, integer } from "./arbitrary.ts"

const byKind = <Kind extends CashKind>(kinds: Partial<Record<Kind, string>>): ReadonlyMap<Kind, Decimals.Decimal> =>
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  new Map((Object.entries(kinds) as Array<[Kind, string]>).map(([kind, amount]) => [kind, Decimals.of(amount)]))

const shown = ({ opening, steps }: CashBridge) => [
  `opening ${Decimals.format(opening)}`,
  ...steps.map(({ booked, broker, difference, kind }) =>
    [kind, booked, broker, difference].map((part) =>
      part === undefined ? "-" : typeof part === "string" ? part : Decimals.format(part)
    ).join(" ")
  )
]

describe("cashBridge", () => {
  it("a difference is of the kind whose figure is another one, and its row is named", () => {
    const unbooked = [{
      externalId: "ibkr:cash:7",
      section: "CashTransactions",
      reason: "unknown-type",
      currency: "USD",
      kind: "fees" as const,
      amount: Decimals.of("-3")
    }]
    const bridge = cashBridge({
      opening: Decimals.of("100"),
      closing: Decimals.of("85"),
      figures: byKind({ trades: "-20", commissions: "-1", dividends: "9", fees: "-3", deposits: "0" }),
      moved: byKind({ trades: "-50", conversions: "30", commissions: "-1", dividends: "9", fees: "-3" }),
      unbooked,
      corrections: Decimals.zero,
      booked: Decimals.of("88")
    })
    assert.deepStrictEqual(shown(bridge), [
      "opening 100",
      "trades -50 -50 0",
      "conversions 30 - -",
      "commissions -1 -1 0",
      "dividends 9 9 0",
      "fees 0 -3 -3"
    ])
    assert.deepStrictEqual(bridge.unbooked, unbooked)
  })

  it("what the broker has no figure for is compared together, and without figures nothing is", () => {
    const input = {
      opening: Decimals.zero,
      closing: Decimals.of("12"),
      moved: byKind({ transfers: "5", other: "4" }),
      unbooked: [],
      corrections: Decimals.zero,
      booked: Decimals.of("9")
    }
    assert.deepStrictEqual(shown(cashBridge({ ...input, figures: byKind({ commissions: "0" }) })), [
      "opening 0",
      "transfers 5 - -",
      "other 4 7 3"
    ])
    assert.deepStrictEqual(shown(cashBridge(input)), ["opening 0", "transfers 5 - -", "other 4 - -"])
  })

  it("a correction is of commissions", () => {
    const bridge = cashBridge({
      opening: Decimals.zero,
      closing: Decimals.of("-3"),
      figures: byKind({ commissions: "-4" }),
      moved: byKind({ commissions: "-2" }),
      unbooked: [],
      corrections: Decimals.of("-2"),
      booked: Decimals.of("-4")
    })
    assert.deepStrictEqual(shown(bridge), ["opening 0", "commissions -4 -4 0", "other 0 1 1"])
  })

  const kinds = Arbitrary.map(
    Arbitrary.array(Arbitrary.all({ kind: integer(0, cashKinds.length - 1), amount: decimal }), { maxLength: 12 }),
    (rows): CashByKind => new Map(rows.map(({ amount, kind }) => [cashKinds[kind] ?? "other", amount]))
  )

  const figures = Arbitrary.map(
    kinds,
    (all) =>
      new Map(
        [...all].flatMap(([kind, amount]) =>
          kind === "other" || kind === "conversions" ? [] : [[kind, amount] as const]
        )
      )
  )

  it.effect.prop(
    "opening and all steps are what is booked, to the last digit, whatever moved, was left out or has a figure",
    {
      opening: decimal,
      closing: decimal,
      booked: decimal,
      corrections: decimal,
      moved: kinds,
      figures,
      left: kinds
    },
    ({ left, ...input }) =>
      Effect.sync(() => {
        const unbooked = [...left].map(([kind, amount]) => ({ section: "Trades", reason: "held", kind, amount }))
        const { opening, steps } = cashBridge({ ...input, unbooked })
        const sum = Decimals.sum([opening, ...steps.map(({ booked }) => booked)])
        assert.isTrue(Decimals.equals(sum, input.booked))
        assert.deepStrictEqual(
          steps.map(({ kind }) => kind),
          cashKinds.filter((kind) => steps.some((s) => s.kind === kind))
        )
      })
  )

  it.effect.prop(
    "the broker's figures, with what only the rows tell, are its closing cash",
    { opening: decimal, closing: decimal, moved: kinds, figures },
    ({ moved, ...figures }) =>
      Effect.sync(() => {
        const steps = brokerSteps(figures, moved)
        if (figures.figures.size === 0) return assert.strictEqual(steps.size, 0)
        const untold = cashKinds.filter((kind) => !steps.has(kind)).map((kind) => moved.get(kind) ?? Decimals.zero)
        const sum = Decimals.sum([figures.opening, ...steps.values(), ...untold])
        assert.isTrue(Decimals.equals(sum, figures.closing))
      })
  )
})
