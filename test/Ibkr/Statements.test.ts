import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import { assert, describe, it, layer } from "@effect/vitest"
import { Effect, FileSystem } from "effect"
import { readdirSync, readFileSync } from "node:fs"
import { decodeTrade } from "../../src/Ibkr/FlexReport.ts"
import type { SkippedRow, SourceRow } from "../../src/Portfolio/Activity.ts"
import * as Decimals from "../../src/Portfolio/Decimal.ts"
import {
  account,
  fixture,
  type FixtureOptions,
  read,
  shown,
  shownCash,
  shownOpening,
  shownPositions
} from "../support/fixture.ts"

interface Expected {
  readonly about: string
  readonly options?: FixtureOptions
  readonly error?: { readonly _tag: string; readonly found?: string; readonly exitCode: number }
  readonly activities?: ReadonlyArray<unknown>
  readonly skipped?: ReadonlyArray<unknown>
  readonly positions?: ReadonlyArray<unknown>
  /** Compared where it is expected. */
  readonly opening?: unknown
  readonly cash?: ReadonlyArray<unknown>
  readonly complete?: boolean
}

const directory = new URL("../../fixtures/", import.meta.url).pathname
const names = readdirSync(directory).filter((name) => name.endsWith(".xml")).map((name) => name.slice(0, -4))
const expectation = (name: string): Expected => JSON.parse(readFileSync(`${directory}${name}.expected.json`, "utf8"))

describe("fixtures", () => {
  it("each has its expectation, and each expectation its fixture", () => {
    const expected = readdirSync(directory).filter((name) => name.endsWith(".expected.json"))
    assert.deepStrictEqual(expected.map((name) => name.replace(".expected.json", "")).sort(), names.toSorted())
  })
})

layer(NodeFileSystem.layer)("statements", (it) => {
  it.effect.each(names)("%s", (name) =>
    Effect.gen(function*() {
      const { about, error, options = {}, ...expected } = expectation(name)
      const bytes = yield* fixture(`${name}.xml`)
      if (error !== undefined) {
        const failure = yield* Effect.flip(read(bytes, options))
        assert.notStrictEqual(failure.hint, "", about)
        const found = "found" in failure ? { found: failure.found } : {}
        assert.deepStrictEqual({ _tag: failure._tag, ...found, exitCode: failure.exitCode }, error, about)
        return
      }
      const { report } = yield* read(bytes, options)
      const positions = shownPositions(report)
      const found: Omit<Expected, "about"> = {
        ...shown(report),
        ...(positions === undefined ? {} : { positions }),
        ...(expected.opening === undefined ? {} : { opening: shownOpening(report) }),
        cash: shownCash(report),
        complete: report.complete
      }
      assert.deepStrictEqual(found, expected, about)
      // The same in pieces of seven bytes, which cut names, entities and characters in two.
      assert.deepStrictEqual(shown((yield* read(bytes, { ...options, chunkSize: 7 })).report), shown(report))
    }))

  it.effect("the week closes: opening cash and activities make closing cash, trades make positions", () =>
    Effect.gen(function*() {
      const { report } = yield* read(yield* fixture("week.xml"))
      assert.deepStrictEqual(report.skipped, [])
      const signs: Record<string, 1 | -1> = { SELL: 1, DIVIDEND: 1, INTEREST: 1, DEPOSIT: 1, BUY: -1, FEE: -1, TAX: -1 }
      for (const { closing, currency, opening } of report.cash) {
        const moved = Decimals.sum(
          report.activities.filter((activity) => activity.currency === currency).map(({ amount, type }) =>
            signs[type] === 1 ? amount : Decimals.negate(amount)
          )
        )
        assert.strictEqual(Decimals.format(Decimals.add(opening, moved)), Decimals.format(closing), currency)
      }
      for (const { instrumentKey, quantity, symbol } of report.positions ?? []) {
        const held = Decimals.sum(
          report.activities.filter((activity) => activity.instrumentKey === instrumentKey).map((activity) =>
            activity.type === "BUY"
              ? activity.quantity!
              : activity.type === "SELL"
              ? Decimals.negate(activity.quantity!)
              : Decimals.zero
          )
        )
        assert.strictEqual(Decimals.format(held), Decimals.format(quantity), symbol)
      }
    }))

  it.effect("unreadable rows name section, row and field", () =>
    Effect.gen(function*() {
      const { report } = yield* read(yield* fixture("bad-values.xml"))
      const details = new Map(report.skipped.map((row) => [row.externalId ?? row.section, row.detail]))
      for (
        const [id, text] of [
          ["ibkr:trade:6000000492", "row 2, quantity: \"ten\""],
          ["ibkr:trade:6000000493", "row 3, tradePrice: missing"],
          ["ibkr:trade:6000000494", "row 4, quantity: missing"],
          ["ibkr:trade:6000000499", "row 9, dateTime: \"2026-01-05;25:00:00\""],
          ["ibkr:cash:70000000493", "row 3, amount: \"NaN\""],
          ["OpenPositions", "row 2, position: \"many\""],
          ["CashReport", "row 2, startingCash: \"nil\""]
        ] as const
      ) assert.include(details.get(id) ?? "", text)
    }))

  it.effect("an unknown venue is told with the line for the symbol map", () =>
    Effect.gen(function*() {
      const { report } = yield* read(yield* fixture("unknown-venue.xml"))
      const detail = report.skipped.find((row) => row.externalId === "ibkr:trade:6000000551")?.detail
      assert.strictEqual(
        detail,
        "PTT on SET; add to the symbol map: \"51000051\": { \"symbol\": \"PTT\", \"mic\": \"…\", \"currency\": \"THB\" }"
      )
    }))

  it.effect("held rows are booked without their statement once the symbol map says", () =>
    Effect.gen(function*() {
      const symbolMap = expectation("unknown-venue-mapped").options?.symbolMap ?? {}
      const bytes = yield* fixture("unknown-venue.xml")
      const first = yield* read(bytes)
      const held = sourcesOf(first.report.skipped)
      assert.strictEqual(held.length, 5)
      const quiet = yield* fixture("quiet-day.xml")
      const { report } = yield* read(quiet, { held, symbolMap })
      const direct = yield* read(bytes, { symbolMap })
      assert.deepStrictEqual(shown(report), shown(direct.report))
      assert.deepStrictEqual(
        report.activities.map(({ contentHash }) => contentHash),
        direct.report.activities.map(({ contentHash }) => contentHash)
      )
      const again = yield* read(quiet, { held })
      assert.deepStrictEqual(
        again.report.skipped.map(({ contentHash, detail, externalId, reason }) => ({
          contentHash,
          detail,
          externalId,
          reason
        })),
        first.report.skipped.map(({ contentHash, detail, externalId, reason }) => ({
          contentHash,
          detail,
          externalId,
          reason
        }))
      )
    }))

  it.effect("a held row that comes again, told otherwise, is one row", () =>
    Effect.gen(function*() {
      const bytes = yield* fixture("unknown-venue.xml")
      const held = sourcesOf((yield* read(bytes)).report.skipped)
      const otherTemplate = new TextDecoder().decode(bytes)
        .replaceAll(/ (multiplier|isin|taxes)="[^"]*"/g, "")
        .replaceAll("description=\"\"", "description=\"PTT(TH0646010Z00) CASH DIVIDEND THB 0.22 PER SHARE\"")
      const symbolMap = expectation("unknown-venue-mapped").options?.symbolMap ?? {}
      const { report } = yield* read(otherTemplate, { held, symbolMap })
      assert.deepStrictEqual(report.activities.map(({ externalId }) => externalId).sort(), [
        "ibkr:cash:70000000551",
        "ibkr:cash:70000000552",
        "ibkr:trade:6000000551",
        "ibkr:trade:6000000552",
        "ibkr:trade:6000000553"
      ])
    }))

  it.effect("a held row keeps what its schema reads", () =>
    Effect.gen(function*() {
      const { report } = yield* read(yield* fixture("unknown-venue.xml"))
      const source = report.skipped[0]?.source
      assert.strictEqual(source?.section, "Trades")
      assert.strictEqual(decodeTrade(source?.fields ?? {})._tag, "Success")
      assert.strictEqual(source?.fields["dateTime"], "2026-01-05;09:31:04")
    }))

  const statements = process.env["BROKER_SYNC_STATEMENTS"]
  it.effect.skipIf(statements === undefined)(
    "BROKER_SYNC_STATEMENTS: every row of real statements is booked, a roll-up, or skipped with a reason",
    () =>
      Effect.gen(function*() {
        const fileSystem = yield* FileSystem.FileSystem
        const files = readdirSync(statements ?? "").filter((name) => name.endsWith(".xml"))
        assert.isAbove(files.length, 0)
        for (const name of files) {
          const bytes = yield* fileSystem.readFile(`${statements}/${name}`)
          const { report, scanned } = yield* read(bytes, { account: null })
          for (const section of ["Trades", "CashTransactions"]) {
            const booked = new Set(
              report.activities.filter((activity) =>
                activity.section === section && !activity.externalId.includes("fee")
              )
                .map((activity) => activity.contentHash)
            )
            const skipped = report.skipped.filter((row) => row.section === section)
            assert.isTrue(skipped.every((row) => row.detail !== ""), name)
            assert.strictEqual(
              scanned.sections.get(section)?.usable ?? 0,
              booked.size + skipped.length,
              `${name} ${section}`
            )
          }
          const ids = report.activities.map(({ externalId }) => externalId)
          assert.strictEqual(new Set(ids).size, ids.length, name)
        }
      })
  )

  it.effect("the account is that of the fixtures", () =>
    Effect.gen(function*() {
      const other = yield* Effect.flip(read(yield* fixture("week.xml"), { account: "U7654321" }))
      assert.deepInclude(other, { _tag: "IBKRAccountMismatch", expected: "U7654321", found: account })
    }))
})

const sourcesOf = (skipped: ReadonlyArray<SkippedRow>): ReadonlyArray<SourceRow> =>
  skipped.flatMap(({ held, source }) => held && source !== undefined ? [source] : [])
