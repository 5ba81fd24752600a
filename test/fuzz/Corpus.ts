import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { generateStatement } from "../../bench/generate-statement.ts"
import {
  aapl,
  action,
  balance,
  cancel,
  cash,
  dividend,
  position,
  ptt,
  type Row,
  statement,
  trade,
  vusa
} from "../e2e/statement.ts"
import { type Element, parseDocument } from "./Document.ts"

/** What mutants are made from. */
export interface Origin {
  readonly name: string
  readonly text: string
  /** Absent for what is no XML: only its bytes can be changed. */
  readonly root?: Element
}

export interface Corpus {
  readonly origins: ReadonlyArray<Origin>
  /** Those with a root. */
  readonly documents: ReadonlyArray<Origin & { readonly root: Element }>
}

const fixtures = new URL("../../fixtures/", import.meta.url).pathname

const origin = (name: string, text: string): Origin => {
  const root = parseDocument(text)
  return { name, text, ...(root?.name === "FlexQueryResponse" ? { root } : {}) }
}

/** Every fixture, the statements of the end-to-end tests, and two made-up ones. */
export const readCorpus = (): Corpus => {
  const origins = [
    ...readdirSync(fixtures).filter((name) => name.endsWith(".xml")).sort().map((name) =>
      origin(name, readFileSync(`${fixtures}${name}`, "utf8"))
    ),
    ...Object.entries(endToEnd).map(([name, text]) => origin(name, text)),
    ...generated()
  ]
  return {
    origins,
    documents: origins.flatMap((each) => each.root === undefined ? [] : [{ ...each, root: each.root }])
  }
}

const twoFills = [
  trade("41", vusa, 10, "80", "2026-01-05"),
  trade("42", vusa, -4, "81", "2026-01-06"),
  trade("43", aapl, 2, "243.36", "2026-01-06", { ibCommission: "0.35" })
]

const corrected = (rows: ReadonlyArray<Row>) =>
  statement({
    trades: rows,
    cash: [
      dividend("71", vusa, "12.15", "GBP", "2026-01-06"),
      dividend("72", vusa, "-12.15", "GBP", "2026-01-06", { reportDate: "2026-01-09" }),
      cash("73", "Withholding Tax", "-1.82", "GBP", "2026-01-06", { ...vusa, type: "Withholding Tax" }),
      cash("74", "Deposits/Withdrawals", "1000", "GBP", "2026-01-05")
    ],
    positions: [position(vusa, 6), position(aapl, 2)],
    securities: [vusa, aapl],
    balances: [balance("GBP", "0", "512.3"), balance("USD", "10", "1")]
  })

const endToEnd: Readonly<Record<string, string>> = {
  "e2e:fills": corrected(twoFills),
  "e2e:cancelled": corrected([...twoFills, cancel("41", vusa, 10, "80", "2026-01-05", "2026-01-08")]),
  "e2e:rebooked": corrected([
    ...twoFills,
    cancel("43", aapl, 2, "243.36", "2026-01-06", "2026-01-08"),
    trade("43", aapl, 2, "243.4", "2026-01-06", { transactionID: "999", reportDate: "2026-01-08" })
  ]),
  "e2e:actions": statement({
    trades: twoFills,
    actions: [
      action("81", "8", "FS", aapl, "6", "2026-01-07", "2026-01-08", {
        description: "AAPL(US0378331005) SPLIT 4 FOR 1"
      }),
      action("82", "9", "TC", vusa, "-6", "2026-01-07", "2026-01-08", { proceeds: "500" }),
      action("83", "9", "TC", ptt, "3", "2026-01-07", "2026-01-08", { value: "90" }),
      action("84", "9", "TC", vusa, "6", "2026-01-07", "2026-01-09", { proceeds: "-500", code: "Ca" }),
      action("85", "10", "RS", aapl, "-8", "2026-01-08", "2026-01-09"),
      action("86", "10", "RS", { ...aapl, conid: "51000103", symbol: "AAPL.NEW" }, "2", "2026-01-08", "2026-01-09", {
        proceeds: "1"
      })
    ],
    positions: [position(aapl, 2)],
    securities: [vusa, aapl]
  }),
  "e2e:held": statement(
    {
      trades: [trade("61", ptt, 100, "33.5", "2026-01-05"), trade("62", vusa, 10, "80", "2026-01-05")],
      cash: [dividend("71", ptt, "22", "THB", "2026-01-07"), cash("72", "Price Adjustments", "1", "GBP", "2026-01-07")],
      positions: [position(ptt, 100), position(vusa, 10)],
      securities: [ptt, vusa]
    },
    { from: "2026-01-12", to: "2026-01-12", trades: [trade("63", ptt, -100, "34", "2026-01-12")], positions: null }
  )
}

const generated = (): ReadonlyArray<Origin> => {
  const directory = mkdtempSync(join(tmpdir(), "broker-sync-fuzz-"))
  try {
    return [{ trades: 3, cash: 3, seed: 3 }, { trades: 8, cash: 6, seed: 4 }].map((shape) => {
      const out = join(directory, `${shape.seed}.xml`)
      generateStatement({ ...shape, out })
      return origin(`bench:${shape.trades}`, readFileSync(out, "utf8"))
    })
  } finally {
    rmSync(directory, { recursive: true })
  }
}
