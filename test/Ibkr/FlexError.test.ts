import { assert, describe, it } from "@effect/vitest"
import { Duration } from "effect"
import type { FlexStep } from "../../src/Ibkr/FlexError.ts"
import { refusalError } from "../../src/Ibkr/FlexRefusal.ts"
import * as PlainDate from "../../src/Portfolio/PlainDate.ts"
import { flexTexts } from "../support/FlexServer.ts"

const window = { from: PlainDate.of("2025-01-01"), to: PlainDate.of("2025-12-31") }
const pollInterval = Duration.seconds(6)

interface Expected {
  readonly tag: string
  readonly exitCode: number
  readonly retried: boolean
  readonly blockedMinutes?: number
}

const fatal = (tag: string, exitCode: number): readonly [Expected, Expected] => [
  { tag, exitCode, retried: false },
  { tag, exitCode, retried: false }
]
const busy = (blockedMinutes?: number): readonly [Expected, Expected] => [
  { tag: "FlexBusy", exitCode: 6, retried: false, ...(blockedMinutes === undefined ? {} : { blockedMinutes }) },
  { tag: "StatementNotReady", exitCode: 6, retried: true }
]
const lockout = { tag: "FlexLockedOut", exitCode: 7, retried: false, blockedMinutes: 24 * 60 }

/** On SendRequest, on GetStatement. */
const table: Readonly<Record<number, readonly [Expected, Expected]>> = {
  1001: busy(60),
  1003: fatal("FlexTokenExpired", 4),
  1004: busy(60),
  1005: busy(60),
  1006: busy(60),
  1007: busy(60),
  1008: busy(60),
  1009: busy(60),
  1010: fatal("FlexQueryInvalid", 5),
  1011: fatal("FlexAccessDenied", 4),
  1012: fatal("FlexTokenExpired", 4),
  1013: fatal("FlexAccessDenied", 4),
  1014: fatal("FlexQueryInvalid", 5),
  1015: fatal("FlexTokenInvalid", 4),
  1016: fatal("FlexQueryInvalid", 5),
  1017: fatal("FlexReferenceInvalid", 6),
  1018: [
    { tag: "FlexThrottled", exitCode: 6, retried: false, blockedMinutes: 60 },
    { tag: "FlexThrottled", exitCode: 6, retried: true }
  ],
  1019: busy(),
  1020: fatal("FlexQueryInvalid", 5),
  1021: busy(),
  1023: fatal("FlexQueryInvalid", 5),
  1025: [lockout, lockout],
  1099: fatal("FlexUnknownFailure", 5)
}

const steps: ReadonlyArray<FlexStep> = ["SendRequest", "GetStatement"]
const error = (
  code: number,
  step: FlexStep,
  text = flexTexts[code] ?? "Something new.",
  status: "Warn" | "Fail" = "Fail"
) => refusalError({ _tag: "Refused", status, code, text }, { step, pollInterval })

describe("refusalError", () => {
  for (const [code, expected] of Object.entries(table)) {
    for (const [index, step] of steps.entries()) {
      it(`${code} on ${step}`, () => {
        const actual = error(Number(code), step)
        const blocked = actual.sendBlockedFor
        assert.deepStrictEqual({
          tag: actual._tag,
          exitCode: actual.exitCode,
          retried: actual.retry !== undefined,
          ...(blocked === undefined ? {} : { blockedMinutes: Duration.toMinutes(blocked) })
        }, expected[index])
        assert.include(actual.message, `code ${code}`)
        assert.include(actual.message, flexTexts[Number(code)] ?? "Something new.")
        assert.isAbove(actual.hint.length, 20)
      })
    }
  }

  it("covers every code that is known", () => {
    assert.sameMembers(Object.keys(flexTexts).filter((code) => !(code in table)), [])
  })

  it("an unknown code is temporary as a warning", () => {
    const unknown = error(1099, "GetStatement", "Come back later.", "Warn")
    assert.deepStrictEqual([unknown._tag, unknown.exitCode, unknown.retry], ["FlexUnknownWarning", 6, undefined])
    assert.include(unknown.message, "Come back later.")
  })

  it("takes the text for a second signal of an expired token", () => {
    const byText = error(1015, "SendRequest", "The token you sent has EXPIRED")
    assert.strictEqual(byText._tag, "FlexTokenExpired")
    assert.include(byText.message, "code 1015")
    assert.include(byText.message, "code 1012")
    const noCode = refusalError({ _tag: "Refused", status: "Fail", text: "Token expired" }, {
      step: "SendRequest",
      pollInterval
    })
    assert.strictEqual(noCode._tag, "FlexTokenExpired")
    assert.include(noCode.message, "code 1012")
  })

  it("1003 has a hint at the other causes, 1012 has not", () => {
    assert.include(error(1003, "SendRequest").hint, "query may be new")
    assert.notInclude(error(1012, "SendRequest").hint, "query may be new")
  })

  it("1003 on explicit days is a window without a statement, and does not ring the alert", () => {
    for (const step of steps) {
      const unavailable = refusalError({
        _tag: "Refused",
        status: "Fail",
        code: 1003,
        text: "Statement is not available."
      }, {
        step,
        window,
        pollInterval
      })
      assert.deepStrictEqual([unavailable._tag, unavailable.exitCode], ["StatementUnavailable", 4])
      assert.include(unavailable.message, "no statement for 2025-01-01 to 2025-12-31")
      assert.notMatch(unavailable.message + unavailable.hint, /code 10(03|12)/)
    }
    const expired = refusalError({ _tag: "Refused", status: "Fail", code: 1012, text: "x" }, {
      step: "SendRequest",
      window,
      pollInterval
    })
    assert.strictEqual(expired._tag, "FlexTokenExpired")
  })

  it("only an expired token rings the alert", () => {
    for (const code of [...Object.keys(table).map(Number), 10031, 101299]) {
      for (const step of steps) {
        for (const status of ["Warn", "Fail"] as const) {
          const { _tag, hint, message } = error(code, step, "text", status)
          assert.strictEqual(/code 10(03|12)/.test(message + hint), _tag === "FlexTokenExpired", `${code} ${message}`)
        }
      }
    }
  })
})
