import { assert, describe, it } from "@effect/vitest"
import { Arbitrary } from "effect"
import { IdSet } from "../src/IdSet.ts"
import { NumberTable } from "../src/NumberTable.ts"
import { integer, oneOf } from "./support/arbitrary.ts"

const ids = Arbitrary.array(
  Arbitrary.map(
    Arbitrary.all({
      kind: oneOf([..."abcdefghij"].map((letter) => `ibkr:${letter}:`).concat("", "ibkr:trade:1:")),
      number: integer(0, 60),
      end: oneOf(["", "", "", ":fee", "0000000000000", "00000000000000000"]),
      start: oneOf(["", "", "0", "9007199254740"])
    }),
    ({ end, kind, number, start }) => `${kind}${start}${number}${end}`
  )
)

describe("IdSet", () => {
  it.prop("has what was added, and nothing else", { added: ids, asked: ids }, ({ added, asked }) => {
    const [set, model] = [new IdSet(), new Set(added)]
    for (const id of added) set.add(id)
    for (const id of [...added, ...asked]) assert.strictEqual(set.has(id), model.has(id), id)
  })
})

describe("NumberTable", () => {
  it("keeps the first owner of each number, however many there are", () => {
    const table = new NumberTable()
    const numbers = Array.from({ length: 50_000 }, (_, index) => 6_000_000_000 + index * 977)
    for (const [owner, number] of numbers.entries()) assert.strictEqual(table.claim(number, owner), owner)
    for (const [owner, number] of numbers.entries()) assert.strictEqual(table.claim(number, -1), owner)
    assert.isTrue(numbers.every((number) => table.has(number) && !table.has(number + 1)))
  })
})
