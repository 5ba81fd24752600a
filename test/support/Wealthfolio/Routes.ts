import * as Accounts from "./Accounts.ts"
import type { Written } from "./Activities.ts"
import * as Activities from "./Activities.ts"
import * as Assets from "./Assets.ts"
import type { Reply } from "./Model.ts"
import { Problem, Unreadable } from "./Model.ts"
import type { Recompute } from "./Recompute.ts"
import { search } from "./Search.ts"
import type { Store } from "./Store.ts"
import { exchanges } from "./Symbols.ts"
import * as View from "./View.ts"

export interface Call {
  readonly store: Store
  readonly recompute: Recompute
  readonly query: URLSearchParams
  /** The last segment of the path, where the route takes one. */
  readonly id: string
  /** Reads the body; fails as the JSON extractor does. */
  readonly body: () => unknown
  /** Reads a body that may be missing altogether. */
  readonly optionalBody: () => unknown
}

type Handler = (call: Call) => Reply

const json = (value: unknown): Reply => ({ status: 200, json: value })

const written = ({ recompute }: Call, { reply, touched }: Written): Reply => {
  if (touched !== undefined) recompute.schedule(touched)
  return json(reply)
}

const parameter = (query: URLSearchParams, name: string): string => {
  const value = query.get(name)
  if (value === null) throw new Unreadable(`Failed to deserialize query string: missing field \`${name}\``, 400)
  return value
}

const day = (query: URLSearchParams, name: string): string | null => {
  const text = query.get(name)
  if (text === null || /^\d{4}-\d{2}-\d{2}$/.test(text)) return text
  throw new Problem(`Invalid ${name}: input contains invalid characters`)
}

const accountChanged = (call: Call, ids: ReadonlyArray<string>): void =>
  call.recompute.schedule({ accountIds: new Set(ids) })

const recalculated: Handler = (call) => {
  call.optionalBody()
  call.recompute.recalculate()
  return { status: 202 }
}

const versions = { "3.1.0": "3.1.0", TAG: "3.2.1", TREE: "3.2.1", SHORTS: "3.6.3", NEWER: "3.8.0" }

/** `*` stands for one segment. */
export const routes: Readonly<Record<string, Handler>> = {
  "GET /accounts": ({ store, query }) => json(Accounts.list(store, query.get("includeArchived") === "true")),
  "POST /accounts": (call) => {
    const account = Accounts.create(call.store, call.body())
    accountChanged(call, [account.id])
    return json(account)
  },
  "PUT /accounts/*": (call) => {
    const account = Accounts.update(call.store, call.id, call.body())
    accountChanged(call, [account.id])
    return json(account)
  },
  "DELETE /accounts/*": (call) => {
    call.store.dropAccount(call.id)
    accountChanged(call, [call.id])
    return { status: 204 }
  },
  "GET /assets": ({ store }) => json([...store.assets.values()].map((each) => Assets.print(each, false))),
  "POST /assets": ({ store, body }) => json(Assets.print(Assets.create(store, body()), true)),
  "GET /assets/profile": ({ store, query }) =>
    json(Assets.print(Assets.get(store, parameter(query, "assetId")), false)),
  "PUT /assets/profile/*": ({ store, id, body }) => json(Assets.print(Assets.update(store, id, body()), false)),
  "DELETE /assets/*": ({ store, id }) => {
    Assets.remove(store, id)
    return { status: 204 }
  },
  "POST /activities": (call) => written(call, Activities.create(call.store, call.body())),
  "PUT /activities": (call) => written(call, Activities.update(call.store, call.body())),
  "DELETE /activities/*": (call) => written(call, Activities.remove(call.store, call.id)),
  "POST /activities/bulk": (call) => written(call, Activities.bulk(call.store, call.body())),
  "POST /activities/search": ({ store, body }) => json(search(store, body())),
  "POST /activities/import/check-duplicates": ({ store, body }) => json(Activities.duplicates(store, body())),
  "GET /settings": ({ store }) => json(store.settings),
  "PUT /settings": ({ store, recompute, body }) => {
    const { settings, anew } = Accounts.changeSettings(store, body())
    if (anew) recompute.recalculate()
    return json(settings)
  },
  "GET /market-data/quotes/history": ({ store, query }) =>
    json((store.quotes.get(parameter(query, "symbol")) ?? []).map(({ close, currency, day: of }) => ({
      assetId: parameter(query, "symbol"),
      timestamp: `${of}T00:00:00Z`,
      close,
      currency,
      dataSource: "YAHOO"
    }))),
  "GET /exchanges": () => json(exchanges),
  "GET /app/info": ({ store }) =>
    json({ version: versions[store.version], dbPath: "/data/app.db", logsDir: "/data/logs" }),
  "GET /holdings": ({ store, query }) => json(View.holdings(store, parameter(query, "accountId"))),
  "GET /holdings/item": ({ store, query }) =>
    json(View.holding(store, parameter(query, "accountId"), parameter(query, "assetId"))),
  "GET /holdings/by-asset": ({ store, query }) => json(View.holdingsByAsset(store, parameter(query, "assetId"))),
  "GET /valuations/latest": ({ store, query }) => {
    const asked = [...query.getAll("accountIds"), ...query.getAll("accountIds[]")]
    return json(View.valuations(store, asked.length > 0 ? asked : [...store.accounts.keys()]))
  },
  "GET /snapshots": ({ store, query }) =>
    json(View.snapshots(store, parameter(query, "accountId"), day(query, "dateFrom"), day(query, "dateTo"))),
  "GET /snapshots/holdings": ({ store, query }) =>
    json(View.snapshotHoldings(store, parameter(query, "accountId"), day(query, "date") ?? parameter(query, "date"))),
  "POST /portfolio/update": recalculated,
  "POST /portfolio/recalculate": recalculated
}

/** A path that is served under another method: 405, for whoever has a session. */
const otherMethod = (path: string): Handler | undefined => {
  const parent = `${path.slice(0, path.lastIndexOf("/"))}/*`
  const known = Object.keys(routes).some((route) => route.endsWith(` ${path}`) || route.endsWith(` ${parent}`))
  return known ? () => ({ status: 405 }) : undefined
}

/** The route of a request: exact first, then with its last segment taken as an id. */
export const find = (method: string, path: string): { readonly handler: Handler; readonly id: string } | undefined => {
  const exact = routes[`${method} ${path}`]
  if (exact !== undefined) return { handler: exact, id: "" }
  const cut = path.lastIndexOf("/")
  const handler = routes[`${method} ${path.slice(0, cut)}/*`] ?? otherMethod(path)
  return handler === undefined ? undefined : { handler, id: decodeURIComponent(path.slice(cut + 1)) }
}
