import { Effect, Layer } from "effect"
import { TestClock } from "effect/testing"
import { Broker, type BrokerReport, type ReceivedStatement } from "../../src/Broker.ts"
import type { Failure } from "../../src/Failure.ts"
import { Metrics, type RunSummary } from "../../src/Metrics.ts"
import type { Activity, SourceRow } from "../../src/Portfolio/Activity.ts"
import * as Decimals from "../../src/Portfolio/Decimal.ts"
import type { Instrument } from "../../src/Portfolio/Instrument.ts"
import * as PlainDates from "../../src/Portfolio/PlainDate.ts"
import { runJson, type RunReport } from "../../src/RunReport.ts"
import { sync, type SyncOptions } from "../../src/Sync.ts"
import { SyncRecordStore } from "../../src/SyncRecordStore.ts"
import type { TrackerSeed } from "../../src/Wealthfolio/InMemory.ts"
import type { Asset } from "../../src/Wealthfolio/Wire.ts"
import { WealthfolioRepo } from "../../src/WealthfolioRepo.ts"

/** A pipeline in which every service is a fixture: no network, no disk, no clock but the test's. */

export const options: SyncOptions = {
  runId: "01JXAAAAAAAAAAAAAAAAAAAAAA",
  account: "ibkr-uk",
  upstream: "U1234567",
  dryRun: false,
  failOnDrift: false,
  adopt: "report"
}

export const now = Date.parse("2026-01-10T02:35:00Z")
const monday = PlainDates.of("2026-01-05")
export const friday = PlainDates.of("2026-01-09")

export const buy = (id: string, key: string, quantity = "10", date = monday): Activity => ({
  externalId: `ibkr:trade:${id}`,
  type: "BUY",
  date,
  time: "09:31:04",
  millisecond: 0,
  instrumentKey: key,
  currency: "GBP",
  quantity: Decimals.of(quantity),
  unitPrice: Decimals.of("2.5"),
  amount: Decimals.multiply(Decimals.of(quantity), Decimals.of("2.5")),
  contentHash: `hash of ${id}`,
  section: "Trades"
})

export const deposit: Activity = {
  externalId: "ibkr:cash:1",
  type: "DEPOSIT",
  date: monday,
  millisecond: 0,
  currency: "GBP",
  amount: Decimals.of("1000"),
  contentHash: "hash of the deposit",
  section: "CashTransactions"
}

const instrumentsOf = (keys: ReadonlyArray<string | undefined>): ReadonlyMap<string, Instrument> =>
  new Map(keys.flatMap((key) =>
    key === undefined
      ? []
      : [[key, { key, symbol: `${key}.L`, ticker: key, mic: "XLON", isUsListing: false, currency: "GBP" }] as const]
  ))

export const report = (fields: Partial<BrokerReport> & { readonly to?: PlainDates.PlainDate } = {}): BrokerReport => {
  const { to = friday, ...rest } = fields
  const activities = fields.activities ?? [deposit, buy("1", "AAA"), buy("2", "BBB", "4")]
  return {
    statements: [{ accountId: "U1234567", fromDate: to, toDate: to }],
    activities,
    skipped: [],
    instruments: instrumentsOf([...activities, ...fields.positions ?? []].map(({ instrumentKey }) => instrumentKey)),
    positions: [
      { instrumentKey: "AAA", symbol: "AAA.L", quantity: Decimals.of("10") },
      { instrumentKey: "BBB", symbol: "BBB.L", quantity: Decimals.of("4") }
    ],
    cash: [{ currency: "GBP", opening: Decimals.zero, closing: Decimals.of("965") }],
    carriedOver: new Set(),
    warnings: [],
    complete: true,
    ...rest
  }
}

/** A share of the London exchange, as the tracker has it: `asset-1`. */
export const assetOf = (symbol: string): Asset => ({
  id: "asset-1",
  kind: "INVESTMENT",
  quoteCcy: "GBP",
  instrumentType: "EQUITY",
  instrumentSymbol: symbol,
  instrumentExchangeMic: "XLON"
})

export const without = <K extends keyof BrokerReport>(from: BrokerReport, key: K): BrokerReport => {
  const { [key]: _, ...rest } = from
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  return rest as BrokerReport
}

export interface Script {
  /** What each pull brings, one a run; the last one again for good. */
  readonly pulls?: ReadonlyArray<BrokerReport | Failure>
  readonly backlog?: ReadonlyArray<BrokerReport>
  readonly pull?: Broker["Service"]["pull"]
  readonly seed?: TrackerSeed
  readonly repo?: Partial<WealthfolioRepo["Service"]>
  readonly store?: Partial<SyncRecordStore["Service"]>
  readonly pushed?: Array<RunSummary>
}

/** Held rows come back as they went: their source names the activity. */
const sourceOf = ({ externalId, section }: Activity): SourceRow => ({ section, fields: { externalId } })

const brokerLayer = (script: Script) =>
  Layer.unwrap(
    Effect.gen(function*() {
      const store = yield* SyncRecordStore
      const pulls = [...script.pulls ?? [report()]]
      const seen = new Map<string, Activity>()
      let received = 0

      const statement = (from: BrokerReport): ReceivedStatement => {
        const id = `statement ${++received}`
        for (const activity of from.activities) seen.set(activity.externalId, activity)
        const own = new Set(from.activities.map(({ externalId }) => externalId))
        return {
          id,
          report: ({ rows }) =>
            Effect.succeed({
              ...from,
              activities: [
                ...rows.flatMap(({ fields }) => {
                  const activity = seen.get(fields["externalId"] ?? "")
                  return activity === undefined || own.has(activity.externalId) ? [] : [activity]
                }),
                ...from.activities
              ],
              instruments: instrumentsOf([
                ...[...seen.values()].map(({ instrumentKey }) => instrumentKey),
                ...from.instruments.keys()
              ])
            }),
          sources: (hashes) =>
            Effect.succeed(
              new Map(
                from.activities.flatMap((activity) =>
                  hashes.has(activity.contentHash) ? [[activity.contentHash, sourceOf(activity)] as const] : []
                )
              )
            ),
          settled: Effect.forEach(
            from.statements,
            ({ fromDate, toDate }) =>
              store.saveStatement({ id, path: id, fromDate, toDate, receivedAt: "2026-01-10", imported: true }),
            { discard: true }
          )
        }
      }

      return Broker.layerTest({
        backlog: Effect.sync(() => (script.backlog ?? []).map(statement)),
        pull: script.pull ?? Effect.suspend(() => {
          const next = pulls.length > 1 ? pulls.shift() : pulls[0]
          if (next === undefined) return Effect.die("nothing to pull")
          return "exitCode" in next ? Effect.fail(next) : Effect.succeed(statement(next))
        })
      })
    })
  )

export const world = (script: Script = {}) => {
  const store = Layer.effect(
    SyncRecordStore,
    Effect.map(SyncRecordStore, (inner) => SyncRecordStore.of({ ...inner, ...script.store }))
  ).pipe(Layer.provide(SyncRecordStore.layerTest))
  return Layer.mergeAll(
    Layer.provideMerge(brokerLayer(script), store),
    WealthfolioRepo.layerTest(script.seed, script.repo),
    Metrics.layerTest(script.pushed ?? [])
  )
}

export const json = (run: RunReport) => JSON.parse([...runJson(run)].join(""))

export const night = (more: Partial<SyncOptions> = {}) => Effect.map(sync({ ...options, ...more }), json)

export const failure = (exitCode: Failure["exitCode"], message = "it broke"): Failure => ({
  _tag: "Broken",
  message,
  hint: "mend it",
  exitCode
})

export const atNight = TestClock.setTime(now)
