import { assert, describe, it } from "@effect/vitest"
import { at, inLondon, plusDays } from "./alerts/calendar.ts"
import { type Night, nights } from "./alerts/nights.ts"
import { type Event, refusedPush, set } from "./alerts/pushgateway.ts"
import { fires, shown, timeline } from "./alerts/story.ts"

const from = "2027-01-04"
const until = "2027-01-12"

/** A good week, but for the nights told by number; the third (2) is that of January 6. */
const week = async (told: Readonly<Record<number, Night>>, more: ReadonlyArray<Event> = []) => ({
  from,
  until,
  events: [...await nights(from, 8, (index) => told[index] ?? {}), ...more]
})

const failsFrom = (first: number, exitCode: number, and: Night = {}) =>
  Object.fromEntries([...Array(8).keys()].slice(first).map((index) => [index, { exitCode, ...and }]))

describe("IBKRSyncFailing", () => {
  it.each([2, 3, 4, 5, 7])("exit code %i fires at once, until a night is good", async (exitCode) => {
    timeline(await week({ 2: { exitCode } }), {
      "2027-01-06T02:00": [],
      "2027-01-06T02:15": ["IBKRSyncFailing critical exit-code"],
      "2027-01-07T02:00": ["IBKRSyncFailing critical exit-code"],
      "2027-01-07T02:15": []
    }, ["reason"])
  })

  it.each([1, 6, 8, 9, 10, 11, 130])("exit code %i fires at the second night", async (exitCode) => {
    const story = await week({ 2: { exitCode }, 3: { exitCode } })
    timeline(story, {
      "2027-01-07T02:00": [],
      "2027-01-07T02:15": ["IBKRSyncFailing warning twice"],
      // 60 hours after the last success, for the rest of the day.
      "2027-01-07T14:00": ["IBKRSyncFailing warning twice"],
      "2027-01-07T14:15": ["IBKRSyncFailing warning twice", "IBKRSyncStale warning -"],
      "2027-01-08T02:15": []
    }, ["reason"])
    fires(story, ["IBKRSyncFailing", "IBKRSyncStale"])
  })

  it("two nights that fail in different ways are two", async () => {
    timeline(await week({ 2: { exitCode: 4 }, 3: { exitCode: 6 } }), {
      "2027-01-07T02:15": ["IBKRSyncFailing warning twice"]
    }, ["reason"])
  })

  it("goes on for as long as it fails, and tells of an account that never succeeded", async () => {
    timeline(await week(failsFrom(0, 6)), {
      "2027-01-05T02:00": [],
      "2027-01-05T02:15": ["IBKRSyncFailing warning ibkr-uk"],
      "2027-01-10T12:00": ["IBKRNeverRan warning ibkr-uk", "IBKRSyncFailing warning ibkr-uk"]
    }, ["account"])
  })

  it("two runs of one day are two", async () => {
    const morning = { clock: "11:00" }
    const events = [
      ...await nights(from, 8, (index) => index === 2 ? { exitCode: 6 } : {}),
      ...await nights(from, 8, (index) => index === 2 ? { exitCode: 6 } : {}, morning)
    ]
    timeline({ from, until, events }, {
      "2027-01-06T11:00": [],
      "2027-01-06T11:15": ["IBKRSyncFailing warning"],
      "2027-01-07T02:15": []
    })
  })

  it("a Job that dies without a word fires an hour after, until a run says something", async () => {
    const story = await week({ 2: { killed: true } })
    timeline(story, {
      "2027-01-06T03:00": [],
      "2027-01-06T03:30": ["IBKRSyncFailing warning no-word"],
      "2027-01-07T02:00": ["IBKRSyncFailing warning no-word", "IBKRSyncStale warning -"],
      "2027-01-07T02:15": []
    }, ["reason"])
  })

  it("one that is killed every night stays", async () => {
    timeline(await week(failsFrom(2, 137, { killed: true })), {
      "2027-01-08T03:30": ["IBKRSyncFailing warning", "IBKRSyncStale warning", "IBKRNotReconciled warning"]
    })
  })

  it("of five accounts it names the one that dies, by its CronJob", async () => {
    const names = ["isa", "sipp", "joint", "child", "trust"]
    const events = await Promise.all(
      names.map((name, minute) =>
        nights(from, 8, (index) => name === "joint" && index === 2 ? { killed: true } : {}, {
          account: `ibkr-${name}`,
          cronJob: `broker-sync-ibkr-${name}`,
          clock: `02:${minute}0`
        })
      )
    )
    timeline({ from, until, events: events.flat() }, {
      "2027-01-06T06:00": ["IBKRSyncFailing warning ibkr-joint"],
      "2027-01-07T06:00": []
    }, ["account"])
  })
})

describe("IBKRSyncStale", () => {
  it("fires 36 hours after the last success when nothing runs any more", async () => {
    const story = await week(Object.fromEntries([3, 4, 5, 6, 7].map((index) => [index, { none: true }])))
    timeline(story, {
      // The last success ended at 02:04 on the 6th.
      "2027-01-07T14:00": [],
      "2027-01-07T14:15": ["IBKRSyncStale warning ibkr-uk"],
      "2027-01-09T12:00": ["IBKRNotReconciled warning ibkr-uk", "IBKRSyncStale warning ibkr-uk"]
    }, ["account"])
  })

  it("joins in after 60 hours where every run fails", async () => {
    timeline(await week(failsFrom(3, 6)), {
      "2027-01-08T14:00": ["IBKRSyncFailing warning"],
      "2027-01-08T14:15": ["IBKRSyncFailing warning", "IBKRSyncStale warning"]
    })
  })
})

describe("IBKRNeverRan", () => {
  const cronJob = "broker-sync-ibkr-sipp"
  const idle = (more: ReadonlyArray<Event> = []) => [
    set(at(from), `kube_cronjob_info{cronjob="${cronJob}",namespace="broker-sync"}`, 1),
    ...more
  ]

  it("fires 36 hours after a CronJob is there, for its account alone", async () => {
    timeline(await week({}, idle()), {
      "2027-01-05T11:45": [],
      "2027-01-05T12:00": ["IBKRNeverRan warning ibkr-sipp"],
      "2027-01-11T12:00": ["IBKRNeverRan warning ibkr-sipp"]
    }, ["account"])
  })

  it("fires where runs succeed and nothing of them reaches Prometheus", async () => {
    const events = (await nights(from, 8)).map((event) => ({
      ...event,
      change: (series: Map<string, number>) => {
        event.change(series)
        for (const name of series.keys()) if (/^(ibkr|push)_/.test(name)) series.delete(name)
      }
    }))
    timeline({ from, until, events }, { "2027-01-05T12:00": ["IBKRNeverRan warning ibkr-uk"] }, ["account"])
  })

  it("is silent while the CronJob is suspended", async () => {
    fires(
      await week(
        {},
        idle([set(at(from), `kube_cronjob_spec_suspend{cronjob="${cronJob}",namespace="broker-sync"}`, 1)])
      ),
      []
    )
  })
})

describe("IBKRMetricsPushFailing", () => {
  it("fires while the last push is one that was refused", async () => {
    const night = plusDays(from, 2)
    const story = await week({ 2: { none: true } }, [refusedPush("ibkr-uk", inLondon(night))])
    timeline(story, {
      "2027-01-06T02:00": [],
      "2027-01-06T02:30": ["IBKRMetricsPushFailing warning ibkr-uk"],
      "2027-01-07T02:15": []
    }, ["account"])
    assert.include(shown(story, "IBKRMetricsPushFailing", "2027-01-06T06:00"), "refused the last metrics of ibkr-uk")
  })
})
