import { assert, describe, it } from "@effect/vitest"
import { canonical, isUsMic, micOfSuffix, splitSuffix, suffixOf } from "../../src/Portfolio/Venue.ts"

describe("Venue", () => {
  it("suffix and market lead to each other", () => {
    for (
      const [mic, suffix] of [["XLON", ".L"], ["XLON_IL", ".IL"], ["XETR", ".DE"], ["XTAI_OTC", ".TWO"], [
        "XTAI",
        ".TW"
      ]]
    ) {
      assert.strictEqual(suffixOf(mic!), suffix)
      assert.strictEqual(micOfSuffix(suffix!.toLowerCase()), mic)
    }
    assert.strictEqual(suffixOf("xlon"), ".L")
  })

  it("a US market has the empty suffix, an unknown one none", () => {
    for (const mic of ["XNYS", "XNAS", "XASE", "ARCX", "BATS", "OTCM"]) {
      assert.isTrue(isUsMic(mic) && suffixOf(mic) === "")
    }
    assert.isFalse(isUsMic("XLON"))
    assert.isUndefined(suffixOf("XXXX"))
    assert.isUndefined(micOfSuffix(".AE"), "two markets share it")
  })

  it("people see VUSA.L and AAPL; nothing foreign becomes a bare US ticker", () => {
    assert.strictEqual(canonical("VUSA", "XLON"), "VUSA.L")
    assert.strictEqual(canonical("VUSA.L", "XLON"), "VUSA.L")
    assert.strictEqual(canonical("BP.", "XLON"), "BP.L")
    assert.strictEqual(canonical("AAPL", "ARCX"), "AAPL")
    assert.strictEqual(canonical("AAPL", undefined), "AAPL")
    assert.strictEqual(canonical("ABC", "XXXX"), "ABC@XXXX")
    // A one-letter share class is not the Toronto venture suffix of a US line.
    assert.strictEqual(canonical("X.V", "XNYS"), "X.V")
  })

  it("splits known suffixes only", () => {
    assert.deepStrictEqual(splitSuffix("VUSA.L"), { ticker: "VUSA", mic: "XLON" })
    assert.deepStrictEqual(splitSuffix("BT.A.L"), { ticker: "BT.A", mic: "XLON" })
    for (const symbol of ["BRK.B", "AAPL", ".L", "BP."]) assert.isUndefined(splitSuffix(symbol))
  })
})
