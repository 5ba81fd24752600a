import * as Accounts from "../support/Wealthfolio/Accounts.ts"
import * as Activities from "../support/Wealthfolio/Activities.ts"
import { Problem, Unreadable } from "../support/Wealthfolio/Model.ts"
import { search } from "../support/Wealthfolio/Search.ts"
import { Store } from "../support/Wealthfolio/Store.ts"
import { type Answer, failure, json, type Script, scripted } from "./scripted.ts"

/**
 * What becomes of a bulk: `commit` does it and gives its answer, `commitLate` does it once the next request has had its
 * answer; `undefined` is that answer.
 */
export type Spoil = (nth: number, commit: () => Response, commitLate: () => void) => Answer | undefined

const answered = (write: () => unknown): Response => {
  try {
    return json(write())
  } catch (cause) {
    if (cause instanceof Problem) return failure(cause.status, cause.message)
    if (cause instanceof Unreadable) return new Response(cause.message, { status: cause.status })
    throw cause
  }
}

/** The stand-in's own rows behind scripted answers: what it does, without sockets and under the test's clock. */
export const storing = (spoil: Spoil = () => undefined, script: Script = () => undefined) => {
  const store = new Store({ version: "TREE", now: () => new Date(), baseCurrency: "GBP", timezone: "" })
  const addAccount = (fields: Readonly<Record<string, unknown>> = {}) =>
    Accounts.create(store, {
      name: "Interactive Brokers",
      accountType: "SECURITIES",
      currency: "GBP",
      isDefault: false,
      isActive: true,
      ...fields
    })
  const { id: accountId } = addAccount()
  const late: Array<() => void> = []
  const flush = () => {
    for (let commit = late.shift(); commit !== undefined; commit = late.shift()) commit()
  }
  const tracker: Script = ({ body, line }, nth) => {
    switch (line) {
      case "GET /accounts":
        return json(Accounts.list(store, true))
      case "POST /activities/import/check-duplicates": {
        const answer = answered(() => Activities.duplicates(store, body))
        flush()
        return answer
      }
      case "POST /activities/search":
        return answered(() => search(store, body))
      case "POST /activities/bulk": {
        const commit = () => answered(() => Activities.bulk(store, body).reply)
        const earlier = late.splice(0)
        const answer = spoil(nth, commit, () => late.push(commit)) ?? commit()
        for (const each of earlier) each()
        return answer
      }
      default:
        return undefined
    }
  }
  const server = scripted((seen, nth) => script(seen, nth) ?? tracker(seen, nth), { accountId, password: "p" })
  /** A row as typed on the page, 1 GBP at midnight of 2 January 2026 in UTC, unless told otherwise; its id. */
  const type = (fields: Readonly<Record<string, unknown>> = {}): string => {
    const { reply } = Activities.create(store, {
      accountId,
      activityType: "DEPOSIT",
      activityDate: "2026-01-02",
      currency: "GBP",
      amount: "1",
      ...fields
    })
    return (reply as { readonly id: string }).id
  }
  /** `key=amount` of every row, sorted. */
  const contents = () =>
    [...store.activities.values()].map(({ amount, idempotencyKey }) => `${idempotencyKey}=${amount}`).sort()
  /** The server's own key of a row typed by hand. */
  const keyOf = (id: string) => store.activities.get(id)?.idempotencyKey ?? ""
  return { ...server, store, accountId, addAccount, type, contents, keyOf, flush }
}
