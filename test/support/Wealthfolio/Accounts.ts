import { randomUUID } from "node:crypto"
import * as Input from "./Input.ts"
import type { Account, Settings } from "./Model.ts"
import { Problem } from "./Model.ts"
import type { Store } from "./Store.ts"
import { isZone, naive } from "./Time.ts"

const modeOf = (text: string | null): Account["trackingMode"] =>
  text === "TRANSACTIONS" || text === "HOLDINGS" ? text : "NOT_SET"

export const create = (store: Store, input: unknown): Account => {
  const from = Input.record(input, "")
  const at = naive(store.now())
  const account: Account = {
    id: randomUUID(),
    name: Input.required(from, "name", ""),
    accountType: Input.required(from, "accountType", ""),
    group: Input.optional(from, "group", ""),
    currency: Input.required(from, "currency", ""),
    isDefault: Input.flag(from, "isDefault", ""),
    isActive: Input.flag(from, "isActive", ""),
    isArchived: Input.flag(from, "isArchived", "", false),
    trackingMode: modeOf(Input.optional(from, "trackingMode", "")),
    createdAt: at,
    updatedAt: at,
    platformId: Input.optional(from, "platformId", ""),
    accountNumber: Input.optional(from, "accountNumber", ""),
    meta: Input.optional(from, "meta", ""),
    provider: Input.optional(from, "provider", ""),
    providerAccountId: Input.optional(from, "providerAccountId", "")
  }
  if (account.name.trim() === "") throw new Problem("Invalid input: Account name cannot be empty")
  if (account.currency.trim() === "") throw new Problem("Invalid input: Currency cannot be empty")
  store.accounts.set(account.id, account)
  return account
}

export const update = (store: Store, id: string, input: unknown): Account => {
  const from = Input.record(input, "")
  const account = store.account(id)
  account.name = Input.required(from, "name", "")
  account.accountType = Input.required(from, "accountType", "")
  account.isDefault = Input.flag(from, "isDefault", "")
  account.isActive = Input.flag(from, "isActive", "")
  account.isArchived = Input.flag(from, "isArchived", "", account.isArchived)
  if (from["trackingMode"] !== undefined) account.trackingMode = modeOf(Input.optional(from, "trackingMode", ""))
  account.updatedAt = naive(store.now())
  return account
}

/** In use first, archived last, by name. */
export const list = (store: Store, includeArchived: boolean): ReadonlyArray<Account> =>
  [...store.accounts.values()]
    .filter(({ isArchived }) => includeArchived || !isArchived)
    .sort((a, b) =>
      Number(b.isActive) - Number(a.isActive) || Number(a.isArchived) - Number(b.isArchived) ||
      a.name.localeCompare(b.name, "en")
    )

/** PUT /settings: only what is named changes. Says whether holdings have to be computed anew. */
export const changeSettings = (
  store: Store,
  input: unknown
): { readonly settings: Settings; readonly anew: boolean } => {
  const from = Input.record(input, "")
  const timezone = Input.optional(from, "timezone", "")
  const baseCurrency = Input.optional(from, "baseCurrency", "")
  if (timezone !== null && timezone.trim() === "") throw new Problem("Invalid input: Timezone cannot be empty")
  if (timezone !== null && !isZone(timezone)) throw new Problem(`Invalid input: Invalid timezone: ${timezone}`)
  const { settings } = store
  const anew = (timezone ?? settings.timezone) !== settings.timezone ||
    (baseCurrency ?? settings.baseCurrency) !== settings.baseCurrency
  settings.timezone = timezone ?? settings.timezone
  settings.baseCurrency = baseCurrency ?? settings.baseCurrency
  return { settings, anew }
}
