import { assert, describe, it } from "@effect/vitest"
import { Arbitrary } from "effect"
import { fieldsRead } from "../../src/Ibkr/FlexReport.ts"
import { rowsOfSpool, spoolBuffer, spoolText } from "../../src/Ibkr/Spool.ts"
import { integer, oneOf } from "../support/arbitrary.ts"

const sections = ["Trades", "CashTransactions", "SecuritiesInfo", "CashReport", "StmtFunds"]

const text = oneOf([
  "",
  "0",
  "-12.5",
  "U1234567",
  "AÉ",
  "ß",
  "日本",
  "\u{1F600}",
  "a b;c|d\n",
  "x".repeat(500),
  "é".repeat(300)
])

/** A text for each attribute of a row, taken from a few in turn, and never without any. */
const row = Arbitrary.map(
  Arbitrary.all({
    section: oneOf(sections),
    texts: Arbitrary.array(text, { minLength: 1, maxLength: 7 }),
    group: integer(-1, 100_000),
    number: integer(1, 99_999)
  }),
  ({ group, number, section, texts }) => ({
    group,
    statement: number % 3,
    section,
    number,
    fields: Object.fromEntries(
      (fieldsRead[section] ?? []).flatMap((name, index) => {
        const told = texts[index % texts.length] ?? ""
        return told === "" ? [] : [[name, told] as const]
      })
    )
  })
)

const told = ({ fields, group, number, section, statement }: ReturnType<typeof rowsOfSpool>[number]) => ({
  group,
  statement,
  section,
  number,
  fields
})

describe("a spool", () => {
  it.prop(
    "gives back the rows that were put into it",
    { rows: Arbitrary.array(row, { maxLength: 40 }) },
    ({ rows }) => {
      const buffer = spoolBuffer(8)
      for (const each of rows) buffer.put(each)
      const written = new TextDecoder().decode(buffer.take())
      assert.strictEqual(written, rows.map(spoolText).join(""))
      assert.deepStrictEqual(rowsOfSpool(written).map(told), rows)
      assert.strictEqual(buffer.take().length, 0)
    }
  )

  it("shares what many rows say", () => {
    const rows = ["1", "2"].map((tradeID) => ({
      group: 1,
      statement: 0,
      section: "Trades",
      number: 1,
      fields: { symbol: "ABC", tradeID }
    }))
    const [one, other] = rowsOfSpool(rows.map(spoolText).join(""))
    assert.isDefined(one)
    assert.strictEqual(one.shared, other?.shared)
    assert.notDeepEqual(one.own, other?.own)
  })
})
