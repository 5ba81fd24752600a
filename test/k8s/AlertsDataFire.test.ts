import { describe, it } from "@effect/vitest"
import { type Night, nights } from "./alerts/nights.ts"
import { timeline } from "./alerts/story.ts"

const from = "2027-01-04"
const until = "2027-01-16"

const story = async (tell: (index: number, day: string) => Night) => ({
  from,
  until,
  events: await nights(from, 13, tell)
})

/** From the third night on, January 6. */
const afterTwo = (night: Night, other: Night = {}) => story((index) => index < 2 ? other : night)

describe("IBKRDataStale", () => {
  it("fires where a query with a fixed date range brings the same days every night", async () => {
    timeline(await story(() => ({ toDate: "2026-12-31" })), {
      "2027-01-07T11:45": [],
      "2027-01-07T12:30": ["IBKRDataStale warning ibkr-uk"],
      "2027-01-15T12:00": ["IBKRDataStale warning ibkr-uk"]
    }, ["account"])
  })
})

describe("IBKRNotReconciled", () => {
  it("fires 72 hours after positions were compared, though every run succeeds", async () => {
    timeline(await afterTwo({ reconciled: false }), {
      "2027-01-08T02:00": [],
      "2027-01-08T02:15": ["IBKRNotReconciled warning ibkr-uk"]
    }, ["account"])
  })

  it("fires 72 hours after the first success where they never were", async () => {
    timeline(await story(() => ({ reconciled: false })), {
      "2027-01-07T02:00": [],
      "2027-01-07T02:15": ["IBKRNotReconciled warning ibkr-uk"]
    }, ["account"])
  })
})

describe("IBKRPositionDrift", () => {
  const differs = (drift: string, causes?: ReadonlyArray<string>) => (statements: number): Night => ({
    positions: [
      { symbol: "AAPL", drift, statements, ...(causes === undefined ? {} : { causes }) },
      { symbol: "VUSA.L", drift: "0", statements: 0 }
    ]
  })

  it.each(["0.02", "-1"])(
    "fires for a drift of %s that a second statement has and that stands a day more",
    async (drift) => {
      timeline(await story((index) => index < 2 ? {} : differs(drift)(index - 1)), {
        "2027-01-08T02:00": [],
        "2027-01-08T02:15": ["IBKRPositionDrift warning ibkr-uk AAPL"],
        "2027-01-15T12:00": ["IBKRPositionDrift warning ibkr-uk AAPL"]
      }, ["account", "symbol"])
    }
  )

  it("is silent at 0.01, on one statement seen every night, while explained, and while a baseline is pending", async () => {
    const nothing = { "2027-01-15T12:00": [] }
    timeline(await story((index) => differs("0.01")(index + 1)), nothing)
    timeline(await story(() => differs("5")(1)), nothing)
    timeline(await story((index) => differs("5", ["row-held", "short"])(index + 1)), nothing)
    timeline(await story((index) => ({ ...differs("5")(index + 1), baselinePending: 1 })), {
      "2027-01-15T12:00": ["IBKRBaselinePending info"]
    })
  })

  it("stands while runs fail or cannot compare, and ends when the drift is resolved", async () => {
    timeline(
      await story((index) =>
        index < 4 ? differs("1")(index + 1) : index < 6 ? { exitCode: 6 } : index < 8 ? { reconciled: false } : {}
      ),
      {
        "2027-01-10T01:00": ["IBKRPositionDrift warning", "IBKRSyncFailing warning", "IBKRSyncStale warning"],
        "2027-01-11T12:00": ["IBKRPositionDrift warning", "IBKRNotReconciled warning"],
        "2027-01-12T02:15": []
      }
    )
  })
})

describe("IBKRCashDrift", () => {
  const differs = (trackerDrift: string): Night => ({ cash: [{ currency: "GBP", drift: "0", trackerDrift }] })

  it.each(["0.02", "-250"])("fires for %s after four days", async (drift) => {
    timeline(await afterTwo(differs(drift)), {
      "2027-01-10T02:00": [],
      "2027-01-10T02:15": ["IBKRCashDrift warning ibkr-uk GBP"]
    }, ["account", "currency"])
  })

  it("is silent for a cent, and while a baseline is pending", async () => {
    timeline(await story(() => differs("-0.01")), { "2027-01-15T12:00": [] })
    timeline(await story(() => ({ ...differs("9"), baselinePending: 2 })), {
      "2027-01-15T12:00": ["IBKRBaselinePending info"]
    })
  })
})

describe("IBKRUncoveredDays", () => {
  it("fires after three days", async () => {
    timeline(await afterTwo({ uncoveredDays: 2 }), {
      "2027-01-09T02:00": [],
      "2027-01-09T02:15": ["IBKRUncoveredDays warning ibkr-uk"]
    }, ["account"])
  })
})

describe("IBKRSkippedRows", () => {
  it.each(["unreadable", "no-id", "unknown-type"])(
    "%s fires in the night, also if it is gone in the next",
    async (reason) => {
      timeline(await story((index) => index === 2 ? { skipped: { [reason]: 1, superseded: 4 } } : {}), {
        "2027-01-06T02:30": [],
        "2027-01-06T03:15": [`IBKRSkippedRows warning ${reason} false`],
        "2027-01-07T02:15": []
      }, ["reason", "held"])
    }
  )

  it("rows that are held, refused ones too, fire once the second night did not book them", async () => {
    timeline(await afterTwo({ exitCode: 9, skipped: { refused: 1, "unknown-venue": 2 } }), {
      "2027-01-07T14:00": ["IBKRSyncFailing warning twice -"],
      "2027-01-07T14:15": [
        "IBKRSyncFailing warning twice -",
        "IBKRSyncStale warning - -",
        "IBKRSkippedRows warning refused true",
        "IBKRSkippedRows warning unknown-venue true"
      ]
    }, ["reason", "held"])
  })
})

describe("IBKRBaselinePending", () => {
  it("says so after three days", async () => {
    timeline(await story(() => ({ baselinePending: 3 })), {
      "2027-01-07T02:00": [],
      "2027-01-07T02:15": ["IBKRBaselinePending info ibkr-uk"]
    }, ["account"])
  })
})

describe("IBKRTokenExpiresSoon", () => {
  const until = (tokenExpires: string) => story(() => ({ tokenExpires }))

  it("30 days before its end", async () => {
    timeline(await until("2027-02-06"), {
      "2027-01-06T23:45": [],
      "2027-01-07T00:00": ["IBKRTokenExpiresSoon info ibkr-uk"]
    }, ["account"])
  })

  it("then 7 days, 1 day, and after it, in one severity at a time", async () => {
    timeline(await until("2027-01-14"), {
      "2027-01-06T23:45": ["IBKRTokenExpiresSoon info"],
      "2027-01-07T00:00": ["IBKRTokenExpiresSoon warning"],
      "2027-01-12T23:45": ["IBKRTokenExpiresSoon warning"],
      "2027-01-13T00:00": ["IBKRTokenExpiresSoon critical"],
      "2027-01-15T12:00": ["IBKRTokenExpiresSoon critical"]
    })
  })

  it("a rotated token ends it with the next run", async () => {
    timeline(await story((index) => ({ tokenExpires: index < 5 ? "2027-01-20" : "2028-01-08" })), {
      "2027-01-09T02:00": ["IBKRTokenExpiresSoon info"],
      "2027-01-09T02:15": []
    })
  })
})
