import { describe, it } from "@effect/vitest"
import { inLondon, plusDays } from "./alerts/calendar.ts"
import { type Night, nights } from "./alerts/nights.ts"
import { push } from "./alerts/pushgateway.ts"
import { fires, staysSilent, type Story } from "./alerts/story.ts"
import { mutated, type Rule } from "./alerts/tools.ts"

const story = async (from: string, count: number, tell?: (index: number, day: string) => Night): Promise<Story> => ({
  from,
  until: plusDays(from, count),
  events: await nights(from, count, tell)
})

/** The same story under rules that lack what keeps them quiet: that the silence is no accident. */
const butFires = (told: Story, alert: string, change: (rule: Rule) => Rule) =>
  fires({ ...told, rules: mutated(alert, change) }, [alert])

const without = (clause: string | RegExp) => (rule: Rule): Rule => ({ ...rule, expr: rule.expr.replace(clause, "") })
const withoutFor = (rule: Rule): Rule => ({ ...rule, for: "0s" })

describe("no alert fires", () => {
  it("in a normal fortnight with Easter in it, and the change to summer time", async () => {
    const easter = await story("2027-03-18", 17, (_, day) =>
      // The two holidays are days without a statement, once there is one after them, until IBKR has said so.
      day === "2027-04-01" || day === "2027-04-02" ? { uncoveredDays: 2 } : {})
    staysSilent(easter)
    butFires(easter, "IBKRDataStale", withoutFor)
    butFires(easter, "IBKRUncoveredDays", withoutFor)
  })

  it("while a covered call is open for 30 days", async () => {
    const call = "AAPL270416C00200000"
    const covered = await story("2027-02-01", 34, (index) =>
      index < 2 || index > 31 ? {} : {
        positions: [
          { symbol: "AAPL", drift: "0", statements: 0 },
          { symbol: call, drift: "-1", statements: index - 1, causes: ["short"] }
        ]
      })
    staysSilent(covered)
    butFires(covered, "IBKRPositionDrift", without("unless on (account, symbol) ibkr_position_drift_explained"))
  })

  const held: Night["positions"] = ["VUSA.L", "AAPL", "SHEL.L"].map((symbol) => ({
    symbol,
    drift: "120",
    statements: 1
  }))
  const cash = [{ currency: "GBP", drift: "0", trackerDrift: "15000" }, {
    currency: "USD",
    drift: "0",
    trackerDrift: "-3"
  }]
  const settled = {
    superseded: 40,
    reversed: 12,
    cancelled: 3,
    "unsupported-asset-category": 9,
    "before-start-date": 120,
    "no-effect": 2,
    short: 5,
    ignored: 1,
    unvested: 1
  }

  it("in a first run with years of history", async () => {
    const first = await story("2027-01-04", 16, (index) => {
      if (index === 0) return { baselinePending: 5, positions: held, cash, skipped: settled }
      if (index === 1) return { uncoveredDays: 640, baselinePending: 5, positions: held, cash, skipped: settled }
      // What was typed by hand is asked about, and decided in the morning.
      return index === 2 ? { minutes: 95, skipped: { ...settled, "adopt-candidate": 30 } } : { skipped: settled }
    })
    // By hand at noon: IBKR is busy half-way, and the days between are missing.
    const finishedAt = inLondon("2027-01-04", "13:40")
    const busy = { exitCode: 6, finishedAt, durationSeconds: 5400, uncoveredDays: 640, baselinePending: 5 }
    const withHistory = { ...first, events: [...first.events, await push("ibkr-uk", busy)] }
    staysSilent(withHistory)
    butFires(withHistory, "IBKRUncoveredDays", withoutFor)
    butFires(withHistory, "IBKRSkippedRows", withoutFor)
  })

  it("but the one that says so, where nobody looks after what was there before", async () => {
    const pending = await story("2027-01-04", 16, (index) => ({
      baselinePending: 5,
      positions: held.map((position) => ({ ...position, statements: index + 1 })),
      cash,
      skipped: settled
    }))
    fires(pending, ["IBKRBaselinePending"])
    const baseline = without("unless on (account) ibkr_baseline_pending > 0")
    butFires(pending, "IBKRPositionDrift", baseline)
    butFires(pending, "IBKRCashDrift", baseline)
  })

  it("when a trade is corrected by the next statement, with a weekend between them", async () => {
    // Friday the 8th is seen on the nights of Sunday, Monday and Tuesday.
    const corrected = await story("2027-01-04", 16, (_, day) => {
      if (day >= "2027-01-10" && day <= "2027-01-12") {
        return { positions: [{ symbol: "AAPL", drift: "10", statements: 1 }] }
      }
      return day > "2027-01-12" ? { skipped: { cancelled: 1, superseded: 1 } } : {}
    })
    staysSilent(corrected)
    butFires(corrected, "IBKRPositionDrift", without(/and on \(account, symbol\) ibkr_position_drift_statements >= 2/))
  })

  it("when a dividend is reversed by the next statement, with a weekend between them", async () => {
    const reversed = await story("2027-01-04", 16, (_, day) => {
      if (day >= "2027-01-10" && day <= "2027-01-12") {
        return { cash: [{ currency: "USD", drift: "0", trackerDrift: "-18.4" }] }
      }
      return day > "2027-01-12" ? { skipped: { reversed: 2 } } : {}
    })
    staysSilent(reversed)
    butFires(reversed, "IBKRCashDrift", withoutFor)
  })

  it("when a night fails and the next is good, also where the Job tries it twice", async () => {
    const failed: Readonly<Record<number, Night>> = {
      2: { exitCode: 6 },
      4: { exitCode: 9, triedAgain: true, skipped: { refused: 2 } },
      6: { exitCode: 1, triedAgain: true },
      9: { exitCode: 8 },
      12: { exitCode: 10, triedAgain: true },
      14: { exitCode: 130, minutes: 14 }
    }
    const bad = await story("2027-01-04", 17, (index) => failed[index] ?? {})
    staysSilent(bad)
    butFires(
      bad,
      "IBKRSyncStale",
      (rule) => ({ ...rule, expr: rule.expr.replace(/unless \([^]*?< 36 \* 3600\s*\)/, "") })
    )
    butFires(bad, "IBKRSyncFailing", (rule) => ({ ...rule, expr: rule.expr.replace("> 3 * 3600", ">= 0") }))
  })

  it("when nights take ten minutes longer", async () => {
    staysSilent(await story("2027-03-18", 17, (index) => index % 3 === 1 ? { minutes: 14 } : {}))
  })
})
