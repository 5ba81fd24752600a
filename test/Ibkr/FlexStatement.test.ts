import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import { assert, layer } from "@effect/vitest"
import { Effect, FileSystem, Stream } from "effect"
import { scanStatement } from "../../src/Ibkr/FlexStatement.ts"
import { rowsOfSpool } from "../../src/Ibkr/Spool.ts"
import { account, fixture, read } from "../support/fixture.ts"

const document = (...statements: ReadonlyArray<string>) =>
  `<FlexQueryResponse><FlexStatements count="${statements.length}">${
    statements.join("")
  }</FlexStatements></FlexQueryResponse>`

const statement = (inner: string, attributes = `accountId="${account}" fromDate="2026-01-05" toDate="2026-01-05"`) =>
  `<FlexStatement ${attributes}>${inner}</FlexStatement>`

const failing = (inner: string, attributes?: string) => Effect.flip(read(document(statement(inner, attributes))))

layer(NodeFileSystem.layer)("FlexStatement", (it) => {
  it.effect("tells what statements there are, and counts rows, roll-ups and rows without id", () =>
    Effect.gen(function*() {
      const { scanned } = yield* read(yield* fixture("roll-ups.xml"))
      assert.deepStrictEqual(scanned.statements, [
        { accountId: account, fromDate: "2026-01-05", toDate: "2026-01-09", whenGenerated: "2026-01-10T02:35:01" }
      ] as never)
      assert.strictEqual(scanned.baseCurrency, "GBP")
      assert.deepStrictEqual(scanned.sections.get("Trades"), {
        rows: 7,
        usable: 2,
        withoutId: 0,
        rollUps: new Set(["ASSET_SUMMARY", "SYMBOL_SUMMARY", "ORDER", "CLOSED_LOT", "WASH_SALE"])
      })
      const noIds = yield* read(yield* fixture("no-ids.xml"))
      assert.strictEqual(noIds.scanned.sections.get("Trades")?.withoutId, 2)
      assert.strictEqual(
        noIds.scanned.sections.get("CashTransactions")?.withoutId,
        2,
        "a tradeID is no id of a cash row"
      )
      const none = yield* read(yield* fixture("no-sections.xml"))
      assert.strictEqual(none.scanned.sections.size, 0)
    }))

  it.effect("spools the rows read, and no more of them than is read, for its owner alone", () =>
    Effect.gen(function*() {
      const fileSystem = yield* FileSystem.FileSystem
      const directory = yield* fileSystem.makeTempDirectoryScoped()
      const scanned = yield* scanStatement(Stream.make(yield* fixture("unknown-enum.xml")), {
        spool: `${directory}/spool`
      })
      const rows = rowsOfSpool(yield* fileSystem.readFileString(scanned.spool))
      assert.deepStrictEqual([...new Set(rows.map(({ section }) => section))], [
        "Trades",
        "CashTransactions",
        "OpenPositions"
      ])
      assert.isTrue(rows.every(({ fields }) => !("newAttribute" in fields) && !Object.values(fields).includes("")))
      assert.strictEqual((yield* fileSystem.stat(scanned.spool)).mode & 0o777, 0o600)
    }))

  it.effect("a spool that cannot be written is told by its path", () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(scanStatement(Stream.empty, { spool: "/nowhere/at/all/spool" }))
      assert.deepInclude(error, { _tag: "SpoolError", path: "/nowhere/at/all/spool", exitCode: 10 })
    }))

  it.effect("guards the account of statements, of Account Information and of every row", () =>
    Effect.gen(function*() {
      const other = "accountId=\"U7654321\""
      for (
        const [inner, attributes] of [
          ["", `${other} fromDate="2026-01-05" toDate="2026-01-05"`],
          [`<AccountInformation ${other} />`],
          [`<Trades><Trade ${other} tradeID="1" /></Trades>`],
          [`<CashReport><CashReportCurrency ${other} currency="GBP" /></CashReport>`]
        ] as const
      ) {
        const error = yield* failing(inner, attributes)
        assert.deepInclude(
          error,
          { _tag: "IBKRAccountMismatch", expected: account, found: "U7654321", exitCode: 3 },
          inner
        )
      }
    }))

  it.effect("another account is told in one short line, whatever stands there", () =>
    Effect.gen(function*() {
      for (
        const [id, shown] of [
          ["U1&#10;level=error&#x85;msg", "U1 level=error msg"],
          ["U7&#x202E;89", "U7 89"],
          ["9".repeat(100_000), `${"9".repeat(40)}…`],
          ["株".repeat(41), `${"株".repeat(40)}…`],
          ["🙂".repeat(40), "🙂".repeat(40)],
          [" ".repeat(200), "…"]
        ] as const
      ) {
        const error = yield* failing(`<Trades><Trade accountId="${id}" tradeID="1" /></Trades>`)
        assert.strictEqual(
          error.message,
          `the statement is about account ${shown}, not ${account}: nothing of it was written`
        )
      }
    }))

  it.effect("of roll-ups the first twenty names are kept, each in one short line", () =>
    Effect.gen(function*() {
      const rows = Array.from(
        { length: 200 },
        (_, index) => `<Trade levelOfDetail="${index}&#10;${"X".repeat(500)}" />`
      )
      const { report, scanned } = yield* read(document(statement(`<Trades>${rows.join("")}</Trades>`)))
      const rollUps = [...scanned.sections.get("Trades")?.rollUps ?? []]
      assert.strictEqual(rollUps.length, 20)
      assert.strictEqual(rollUps[7], `7 ${"X".repeat(38)}…`)
      assert.isTrue(report.warnings.every((text) => text.length < 1_000 && !text.includes("\n")))
    }))

  it.effect("the CFD segment, `-` and no account at all are no other account; a longer number is", () =>
    Effect.gen(function*() {
      for (const id of [`${account}F`, "-", ""]) {
        yield* read(document(statement(`<Trades><Trade accountId="${id}" tradeID="1" /></Trades>`)))
      }
      for (const id of [`${account}8`, `${account}FF`, `X${account}`, account.toLowerCase()]) {
        assert.strictEqual(
          (yield* failing(`<Trades><Trade accountId="${id}" tradeID="1" /></Trades>`))._tag,
          "IBKRAccountMismatch"
        )
      }
    }))

  it.effect("without an account to guard all are read", () =>
    Effect.gen(function*() {
      const { report, scanned } = yield* read(yield* fixture("two-accounts.xml"), { account: null })
      assert.deepStrictEqual(scanned.statements.map(({ accountId }) => accountId), [account, "U7654321"])
      assert.strictEqual(report.activities.length, 2)
    }))

  it.effect("slash dates are refused wherever they stand in a row that is read", () =>
    Effect.gen(function*() {
      for (
        const [inner, section, field] of [
          ["<Trades><Trade tradeID=\"1\" tradeDate=\"01/05/2026\" /></Trades>", "Trades", "tradeDate"],
          ["<Trades><Trade tradeID=\"1\" dateTime=\"05/01/26;10:00:00\" /></Trades>", "Trades", "dateTime"],
          [
            "<CashTransactions><CashTransaction reportDate=\"1/5/2026\" /></CashTransactions>",
            "CashTransactions",
            "reportDate"
          ],
          [
            "<CashTransactions><CashTransaction settleDate=\"05/01/2026\" /></CashTransactions>",
            "CashTransactions",
            "settleDate"
          ]
        ] as const
      ) {
        const error = yield* failing(inner)
        assert.deepInclude(error, { _tag: "FlexDatesAmbiguous", section, field, exitCode: 5 })
        assert.include("hint" in error ? error.hint : "", "yyyy-MM-dd")
      }
      const header = yield* failing("", `accountId="${account}" fromDate="01/05/2026" toDate="01/05/2026"`)
      assert.deepInclude(header, { _tag: "FlexDatesAmbiguous", section: "FlexStatement", field: "fromDate" })
    }))

  it.effect("a header without account or days is no statement", () =>
    Effect.gen(function*() {
      for (
        const attributes of [
          "",
          `accountId="${account}"`,
          `accountId="${account}" fromDate="2026-01-05"`,
          `accountId="${account}" fromDate="x" toDate="2026-01-05"`
        ]
      ) {
        assert.deepInclude(yield* failing("", attributes), { _tag: "StatementMalformed", found: "foreign" })
      }
    }))

  it.effect("a section named like a property of every object is just unknown", () =>
    Effect.gen(function*() {
      const { scanned } = yield* read(
        document(statement("<constructor><Trade accountId=\"X\" /></constructor><toString />"))
      )
      assert.strictEqual(scanned.sections.size, 0)
    }))

  it.effect("whenGenerated may be missing or without time", () =>
    Effect.gen(function*() {
      const days = `accountId="${account}" fromDate="20260105" toDate="20260105"`
      const generated = (text: string) =>
        Effect.map(read(document(statement("", days + text))), ({ scanned }) => scanned.statements[0]?.whenGenerated)
      assert.strictEqual(yield* generated(""), undefined)
      assert.strictEqual(yield* generated(" whenGenerated=\"20260106;023501\""), "2026-01-06T02:35:01")
      assert.strictEqual(yield* generated(" whenGenerated=\"2026-01-06 02:35:01 EST\""), "2026-01-06T02:35:01")
      assert.strictEqual(yield* generated(" whenGenerated=\"2026-01-06\""), "2026-01-06T00:00:00")
      assert.strictEqual(yield* generated(" whenGenerated=\"soon\""), undefined)
    }))

  it.effect("flushes as it goes: a large statement is spooled whole and in order", () =>
    Effect.gen(function*() {
      const rows = Array.from({ length: 6_000 }, (_, index) =>
        `<Trade accountId="${account}" tradeID="${
          index + 1
        }" symbol="VUSA" conid="61" listingExchange="LSE" assetCategory="STK" currency="GBP" `
        + `tradeDate="2026-01-05" dateTime="2026-01-05;10:00:00" quantity="1" tradePrice="2" />`)
      const { report, scanned } = yield* read(document(statement(`<Trades>${rows.join("\n")}</Trades>`)))
      assert.strictEqual(scanned.sections.get("Trades")?.usable, 6_000)
      assert.strictEqual(report.activities.length, 6_000)
      assert.strictEqual(
        new Set(report.activities.map(({ externalId }) =>
          externalId
        )).size,
        6_000
      )
    }))
})
