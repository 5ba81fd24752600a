import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import { assert, describe, it, layer } from "@effect/vitest"
import { Effect } from "effect"
import { skipReasons } from "../../src/Portfolio/Activity.ts"
import { read, shown } from "../support/fixture.ts"
import { largest } from "./ByteMutations.ts"
import { readCorpus } from "./Corpus.ts"
import { printDocument } from "./Document.ts"
import { mutantOf, piecesOf } from "./Mutant.ts"
import { randomOf } from "./Random.ts"
import { runFuzz } from "./Run.ts"

const corpus = readCorpus()

describe("mutants", () => {
  it("the seed and the number make the input", () => {
    for (let number = 0; number < 200; number++) {
      assert.deepStrictEqual(mutantOf(corpus, 7, number), mutantOf(corpus, 7, number))
    }
    assert.notDeepEqual(mutantOf(corpus, 7, 1), mutantOf(corpus, 8, 1))
  })

  it("are bounded in size, all of their kinds, and their pieces make them whole", () => {
    const mutations = new Set<string>()
    for (let number = 0; number < 1_500; number++) {
      const mutant = mutantOf(corpus, 7, number)
      assert.isAtMost(mutant.bytes.length, largest)
      for (const name of mutant.mutations) mutations.add(name)
      if (number % 10 === 0) {
        assert.isTrue(Buffer.concat(piecesOf(mutant.bytes, randomOf(9, number))).equals(mutant.bytes))
      }
    }
    assert.isAbove(mutations.size, 60)
  })
})

layer(NodeFileSystem.layer)("documents", (it) => {
  it.effect("parsed and printed without a change they say the same, however they are printed", () =>
    Effect.gen(function*() {
      for (const [number, { name, root, text }] of corpus.documents.entries()) {
        const printed = printDocument(root, randomOf(3, number))
        const [one, other] = [yield* Effect.result(read(text)), yield* Effect.result(read(printed))]
        assert.strictEqual(other._tag, one._tag, name)
        if (one._tag === "Success" && other._tag === "Success") {
          assert.deepStrictEqual(shown(other.success.report), shown(one.success.report), name)
        }
      }
    }))
})

describe("the fuzz run", () => {
  it("reads 2 000 mutants of the fixtures or refuses them with a typed error", { timeout: 300_000 }, async () => {
    const { problems, tally } = await runFuzz({ seed: 20_260_105, inputs: 2_000 })
    assert.deepStrictEqual(problems, [])
    assert.strictEqual(tally.inputs, 2_000)
    // Inputs that are all refused, or all read, would show nothing.
    assert.isAbove(tally.read, 1_000)
    assert.isAbove(tally.booked, 2_000)
    for (
      const refused of [
        "IBKRAccountMismatch",
        "FlexDatesAmbiguous",
        "SpoolError",
        "StatementMalformed malformed",
        "StatementMalformed truncated",
        "StatementMalformed doctype"
      ]
    ) assert.isAbove(tally.refused.get(refused) ?? 0, 1, refused)
    const ofTheTracker = [
      "ambiguous-asset",
      "currency-mismatch",
      "refused",
      "adopt-candidate",
      "ignored",
      "unknown-currency",
      "missing"
    ]
    for (const reason of skipReasons) {
      if (!ofTheTracker.includes(reason)) assert.isAbove(tally.skipped.get(reason) ?? 0, 1, reason)
    }
  })
})
