import { assert, describe, it } from "@effect/vitest"
import { parseAst } from "rolldown/parseAst"
import { arrowsToFunctions, longFunction } from "../bundling/Arrows.ts"

const long = `"${"x".repeat(longFunction)}"`
const changed = (code: string) => arrowsToFunctions(code, parseAst(code))
const valueOf = (code: string) => {
  // oxlint-disable-next-line no-implied-eval, typescript/no-implied-eval, typescript/no-unsafe-call, typescript/no-unsafe-return
  return new Function(`${code}; return found`)()
}

describe("long arrow functions", () => {
  it.each([
    ["an expression", `const made = (a, b) => a + b + ${long}; const found = made(1, 2)`],
    ["an object", `const made = (a) => ({ a, b: ${long} }); const found = made(1)`],
    ["a sequence", `const made = (a) => (a++, a + ${long}); const found = made(1)`],
    ["defaults, the last in brackets", `const made = (a, b = (1, 2)) => a + b + ${long}; const found = made(1)`],
    ["what is left of its arguments", `const made = (a, ...b) => [a, b, ${long}]; const found = made(1, 2, 3)`],
    ["a pattern", `const made = ({ a, b: [c] = [4] }) => [a, c, ${long}]; const found = made({ a: 1 })`],
    ["a block", `const made = (a) => { if (a > 0) return ${long}; return a }; const found = [made(1), made(0)]`],
    [
      "a member",
      `const all = { made: (a) => a + ${long}, ["b" + 1]: (a) => [a, ${long}] }
      const found = [all.made(1), all.b1(2)]`
    ],
    ["one in another", `const made = (a) => (b) => a + b + ${long}; const found = made(1)(2)`],
    [
      "a class in it, with fields of its own",
      `const made = (a) => new (class { b = a; c() { return this.b + ${long} } })()
      const found = made(1).c()`
    ]
  ])("say the same as functions: %s", (_, code) => {
    const written = changed(code)
    assert.notStrictEqual(written, code)
    assert.deepStrictEqual(valueOf(written), valueOf(code))
  })

  it.each([
    ["with what is around them", `const found = { a: 1, made() { return [() => this.a + ${long}] } }`],
    ["with `this`", `const found = () => [this, ${long}]`],
    ["with `this` in one inside", `const found = () => () => [this, ${long}]`],
    ["that wait", `const found = async () => ${long}`],
    ["that are called where they stand", `const found = (() => ${long})()`],
    ["that are short", `const found = (a) => a + 1`]
  ])("stay as they are: %s", (_, code) => {
    assert.strictEqual(changed(code), code)
  })
})
