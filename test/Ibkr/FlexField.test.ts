import { assert, describe, it } from "@effect/vitest"
import { Arbitrary, Effect, Result } from "effect"
import { isIdentifier, isSlashDate, parseFlexDate, parseFlexDateTime, parseFlexTime } from "../../src/Ibkr/FlexField.ts"
import { decodeCashReport, decodeTrade } from "../../src/Ibkr/FlexReport.ts"
import * as Decimals from "../../src/Portfolio/Decimal.ts"
import * as PlainDates from "../../src/Portfolio/PlainDate.ts"
import { integer, oneOf } from "../support/arbitrary.ts"

const two = (n: number) => String(n).padStart(2, "0")

const moment = Arbitrary.map(
  Arbitrary.all({ day: integer(0, 40_000), hour: integer(0, 23), minute: integer(0, 59), second: integer(0, 59) }),
  ({ day, hour, minute, second }) => ({
    date: PlainDates.fromEpochDay(day),
    time: `${two(hour)}:${two(minute)}:${two(second)}`
  })
)

const decimal = (text: string) => {
  const value = Decimals.parse(text)
  return value === undefined ? undefined : Decimals.format(value)
}

/** Amounts as a query without commas and exponents prints them: a sign, digits, at most one point. */
const plain = Arbitrary.map(
  Arbitrary.all({
    negative: integer(0, 1),
    whole: integer(0, 2_000_000_000),
    fraction: integer(0, 999_999_999),
    digits: integer(0, 9)
  }),
  ({ digits, fraction, negative, whole }) => {
    const tail = digits === 0 ? "" : `.${String(fraction).padStart(9, "0").slice(0, digits)}`
    return `${negative === 1 ? "-" : ""}${whole}${tail}`
  }
)

/** Without trailing zeros and negative zero, by text alone. */
const canonical = (text: string) => {
  const bare = text.includes(".") ? text.replace(/0+$/, "").replace(/\.$/, "") : text
  return bare === "-0" ? "0" : bare
}

const row = {
  currency: "GBP",
  quantity: "1",
  tradePrice: "2"
}

const field = (name: string, value: string) =>
  Result.map(decodeTrade({ ...row, [name]: value }), (trade) => trade as Record<string, unknown>)

describe("FlexField", () => {
  it.effect.prop("every date format says the same day, every time format the same second", {
    moment,
    compactDate: oneOf([true, false]),
    compactTime: oneOf([true, false]),
    separator: oneOf([";", ",", " ", "T", ", "]),
    zone: oneOf(["", " EST", " EDT", " GMT", " US/Eastern", "-05:00", "+0100", "Z"])
  }, ({ compactDate, compactTime, moment: { date, time }, separator, zone }) =>
    Effect.sync(() => {
      const day = compactDate ? date.replaceAll("-", "") : date
      const clock = compactTime ? time.replaceAll(":", "") : time
      assert.strictEqual(parseFlexDate(day), date)
      assert.strictEqual(parseFlexTime(clock + zone), time)
      assert.deepStrictEqual(parseFlexDateTime(`${day}${separator}${clock}${zone}`), { date, time })
      assert.deepStrictEqual(parseFlexDateTime(day), { date })
    }))

  it("what is no day or time is none", () => {
    for (
      const text of [
        "2026-02-29",
        "20261301",
        "2026-1-5",
        "05-Jan-26",
        "1/5/2026",
        "20260105093104",
        "",
        "2026-01-05T",
        "MULTI"
      ]
    ) {
      assert.isUndefined(parseFlexDate(text), text)
    }
    for (const text of ["24:00:00", "09:60:00", "9:31:04", "0931", "093160", "12:00:00 5", ""]) {
      assert.isUndefined(parseFlexTime(text), text)
    }
    for (
      const text of ["2026-01-05;", "2026-01-05;25:00:00", "20260105093104", "04/01/2026;09:31:04", "2026-01-05;09:31"]
    ) {
      assert.isUndefined(parseFlexDateTime(text), text)
    }
    assert.strictEqual(parseFlexDate("20240229"), "2024-02-29")
  })

  it("slash dates are known as such in every length", () => {
    for (const text of ["04/01/2026", "4/1/26", "12/31/2025;09:31:04"]) assert.isTrue(isSlashDate(text), text)
    for (const text of ["2026-01-04", "20260104", "CASH RECEIPTS / WIRE", ""]) assert.isFalse(isSlashDate(text), text)
  })

  it("IBKR's words for no id are no ids", () => {
    for (const text of ["", " ", "-", "--", "N/A", "0", "MULTI"]) {
      assert.isFalse(isIdentifier(text), JSON.stringify(text))
    }
    assert.isFalse(isIdentifier(undefined))
    assert.isTrue(isIdentifier("6000000001"))
    assert.isTrue(isIdentifier("00"))
  })

  it.effect.prop("decimals come back as they were, in plain notation", [plain], ([text]) =>
    Effect.sync(() => {
      assert.strictEqual(decimal(text), canonical(text))
      assert.strictEqual(decimal(decimal(text) ?? ""), canonical(text))
    }))

  it.effect.prop(
    "thousands commas and exponents change nothing",
    { text: plain, shift: integer(0, 12) },
    ({ shift, text }) =>
      Effect.sync(() => {
        const [whole = "", fraction] = text.split(".")
        const withCommas = whole.replaceAll(/\B(?=(\d{3})+$)/g, ",") + (fraction === undefined ? "" : `.${fraction}`)
        assert.strictEqual(decimal(withCommas), canonical(text))
        const shifted = `${text}${"0".repeat(text.includes(".") ? 0 : shift)}E${
          text.includes(".") ? "+0" : `-${shift}`
        }`
        assert.strictEqual(decimal(shifted), canonical(text))
      })
  )

  it("what is no number is none, and never zero", () => {
    for (
      const text of [
        "",
        " ",
        "-",
        "--",
        "N/A",
        "NaN",
        "Infinity",
        "ten",
        "1,2",
        "12,34",
        "1,2345",
        ",5",
        "1.2.3",
        "0x10",
        "1e",
        "1e9999",
        "1 000",
        "£5",
        "5-",
        "(5)",
        "1_000"
      ]
    ) assert.isUndefined(Decimals.parse(text), text)
  })

  it("absent, empty and placeholder ids, venues and dates give no key; a bad number or date is an error", () => {
    for (
      const name of [
        "conid",
        "tradeID",
        "transactionID",
        "origTradeID",
        "listingExchange",
        "exchange",
        "ibCommissionCurrency",
        "tradeDate",
        "dateTime",
        "reportDate",
        "symbol"
      ]
    ) {
      for (const value of ["", "--"]) {
        const decoded = Result.getOrThrow(field(name, value))
        assert.isFalse(name in decoded, `${name}="${value}"`)
      }
    }
    assert.deepStrictEqual(Result.getOrThrow(field("proceeds", "")), Result.getOrThrow(decodeTrade(row)))
    for (
      const [name, value] of [
        ["proceeds", "--"],
        ["taxes", "n/a"],
        ["tradeDate", "2026-02-31"],
        ["dateTime", "soon"],
        ["currency", "pounds"],
        ["ibCommissionCurrency", "BASE_SUMMARY"],
        ["ibCommissionCurrency", "gbp"]
      ] as const
    ) {
      const failed = field(name, value)
      assert.isTrue(Result.isFailure(failed) && failed.failure.field === name, `${name}="${value}"`)
    }
  })

  it("a figure of 10^15 or of more than 100 fraction digits is an error", () => {
    for (const value of ["999999999999999.9", "-1e14", "1e-100", `0.${"1".repeat(100)}`]) {
      assert.isTrue(Result.isSuccess(field("proceeds", value)), value)
    }
    for (const value of ["1e15", "-1000000000000000", "1e999", "1e-101", "1e-999", `0.${"1".repeat(101)}`]) {
      assert.isTrue(Result.isFailure(field("proceeds", value)), value)
    }
  })

  it("a missing required field is named", () => {
    for (const name of ["quantity", "tradePrice", "currency"] as const) {
      const { [name]: _, ...rest } = row
      const failed = decodeTrade(rest)
      assert.isTrue(Result.isFailure(failed) && failed.failure.field === name, name)
    }
    assert.isTrue(Result.isFailure(decodeCashReport({ currency: " " })))
  })

  it("blanks around a value do not count", () => {
    assert.strictEqual(
      Decimals.format(Result.getOrThrow(decodeTrade({ ...row, proceeds: " -6,400.00 " })).proceeds ?? Decimals.zero),
      "-6400"
    )
  })
})
