import { Layer } from "effect"
import * as Ibkr from "../../src/Broker/Ibkr.ts"
import { FlexClient } from "../../src/Ibkr/FlexClient.ts"
import { Metrics, type RunSummary } from "../../src/Metrics.ts"
import { SyncRecordStore } from "../../src/SyncRecordStore.ts"
import { WealthfolioRepo } from "../../src/WealthfolioRepo.ts"

/** The IBKR adapter in the pipeline: statements as bytes, everything behind and before them a fixture. */
export const ibkrWorld = (options: {
  readonly statement: string | ReadonlyArray<string>
  readonly directory: string
  readonly pushed?: Array<RunSummary>
  readonly repo?: Partial<WealthfolioRepo["Service"]>
  readonly flex?: Layer.Layer<FlexClient>
  readonly rowsPerPart?: number
}) => {
  const broker = Ibkr.layerNoDeps({
    account: "U1234567",
    report: { cashTypes: "runbook", symbolMap: new Map() },
    archiveDir: options.directory,
    spoolDir: options.directory,
    strict: true,
    queryId: "123456",
    ...(options.rowsPerPart === undefined ? {} : { rowsPerPart: options.rowsPerPart })
  }).pipe(Layer.provide(options.flex ?? FlexClient.layerTest(options)))
  return Layer.mergeAll(
    Layer.provideMerge(broker, SyncRecordStore.layerTest),
    WealthfolioRepo.layerTest({}, options.repo),
    Metrics.layerTest(options.pushed ?? [])
  )
}
