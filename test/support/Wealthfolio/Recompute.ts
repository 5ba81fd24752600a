import type { Touched } from "./Activities.ts"
import { calculate } from "./Holdings.ts"
import { hasTreeRules } from "./Prepare.ts"
import type { Store } from "./Store.ts"
import { dayIn, nowInstant } from "./Time.ts"

/** `never`: writes are taken, holdings stay as they were, and no event is sent. */
export type RecomputeMode = "auto" | "never"

interface Job {
  /** Every account when absent. */
  readonly accountIds?: ReadonlySet<string>
  /** From the beginning when absent. */
  readonly since?: bigint | undefined
}

const earlier = (a: bigint | undefined, b: bigint | undefined): bigint | undefined =>
  a === undefined || b === undefined ? (a ?? b) : a < b ? a : b

/** Holdings follow writes: one job at a time, after `debounceMillis` without a further write. */
export class Recompute {
  mode: RecomputeMode = "auto"
  /** Jobs that have run to their end. */
  completed = 0
  private pending: Touched | undefined
  private timer: NodeJS.Timeout | undefined
  private queue: Array<Job> = []
  private running: Promise<void> | undefined
  private closed = false
  private readonly store: Store
  private readonly debounceMillis: number
  private readonly syncMillis: number
  private readonly publish: (event: string, data: unknown) => void

  constructor(
    store: Store,
    options: { readonly debounceMillis: number; readonly syncMillis: number },
    publish: (event: string, data: unknown) => void
  ) {
    this.store = store
    this.debounceMillis = options.debounceMillis
    this.syncMillis = options.syncMillis
    this.publish = publish
  }

  /** A write happened: what it touched is put with what is waiting, and the wait begins again. */
  schedule(touched: Touched): void {
    const { pending } = this
    this.pending = pending === undefined ? touched : {
      accountIds: new Set([...pending.accountIds, ...touched.accountIds]),
      since: earlier(pending.since, touched.since)
    }
    clearTimeout(this.timer)
    this.timer = setTimeout(() => this.flush(), this.debounceMillis)
  }

  /** POST /portfolio/recalculate, and a change of base currency or zone: everything, at once. */
  recalculate(): void {
    this.enqueue({})
  }

  /** Resolves when no write waits and no job runs. */
  async settled(): Promise<void> {
    while (this.pending !== undefined || this.running !== undefined) {
      await (this.running ?? new Promise((resolve) => setTimeout(resolve, this.debounceMillis)))
    }
  }

  close(): void {
    this.closed = true
    this.pending = undefined
    this.queue = []
    clearTimeout(this.timer)
  }

  private flush(): void {
    const touched = this.pending
    this.pending = undefined
    if (touched === undefined) return
    this.enqueue(hasTreeRules(this.store) ? touched : { accountIds: touched.accountIds })
  }

  private enqueue(job: Job): void {
    if (this.mode === "never" || this.closed) return
    this.queue.push(job)
    this.running ??= this.drain().finally(() => {
      this.running = undefined
    })
  }

  private async drain(): Promise<void> {
    for (let job = this.queue.shift(); job !== undefined; job = this.queue.shift()) {
      this.publish("market:sync-start", null)
      await new Promise((resolve) => setTimeout(resolve, this.syncMillis))
      if (this.closed) return
      this.publish("market:sync-complete", { failed_syncs: 0 })
      this.publish("portfolio:update-start", null)
      this.run(job)
      this.completed += 1
      this.publish("portfolio:update-complete", null)
    }
  }

  private run(job: Job): void {
    const dayOf = dayIn(this.store.settings.timezone)
    const today = dayOf(nowInstant(this.store.now()))
    const ids = [...(job.accountIds ?? this.store.accounts.keys())]
    const accounts = ids.filter((id) => {
      const account = this.store.accounts.get(id)
      return account !== undefined && account.trackingMode !== "HOLDINGS"
    })
    const readable = new Set(accounts.filter((id) => this.store.accounts.get(id)?.isArchived === false))
    const withRows = new Set([...this.store.activities.values()].map(({ accountId }) => accountId))
    // Nothing left to read in any of them: the ranged job gives up, and what was there stays.
    if (job.since !== undefined && !accounts.some((id) => readable.has(id) && withRows.has(id))) return
    for (const id of accounts) {
      const since = job.since === undefined ? undefined : dayOf(job.since)
      const snapshots = readable.has(id) && withRows.has(id)
        ? calculate(this.store, id, dayOf, today, since)
        : (this.store.snapshots.get(id) ?? []).filter(({ day }) => since !== undefined && day < since)
      this.store.snapshots.set(id, snapshots)
    }
  }
}
