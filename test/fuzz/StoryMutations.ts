import { attributeOf, copyOf, type Element, type Place, removeAttribute, rowsOf, setAttribute } from "./Document.ts"
import type { Random } from "./Random.ts"
import type { Mutation } from "./RowMutations.ts"

/** What IBKR prints when it takes something back, and what it might print. */

const onRowOf =
  (section: string, change: (place: Place, random: Random, root: Element) => void): Mutation => (root, random) => {
    const places = rowsOf(root).filter((place) => place.section.name === section)
    if (places.length > 0) change(random.pick(places), random, root)
  }

const negate = (row: Element, name: string): void => {
  const value = attributeOf(row, name)
  if (value !== undefined) setAttribute(row, name, value.startsWith("-") ? value.slice(1) : `-${value}`)
}

const later = ["2026-01-05", "2026-01-06", "2026-01-08", "2026-01-09", "2026-01-12", "2026-01-02"]

const insert = (section: Element, row: Element, random: Random): void => {
  section.children.splice(
    random.chance(0.7) ? section.children.length : random.below(section.children.length + 1),
    0,
    row
  )
}

/** A copy that undoes the row, told as a cancel in one of the ways templates have. */
const cancelOf = (row: Element, random: Random, root: Element): Element => {
  const cancel = copyOf(row)
  for (const name of ["quantity", "proceeds"]) negate(cancel, name)
  const ids = rowsOf(root).flatMap((place) => attributeOf(place.row, "tradeID") ?? [])
  const own = attributeOf(row, "tradeID") ?? ""
  const named = random.chance(0.8) || ids.length === 0 ? own : random.pick(ids)
  if (random.chance(0.8)) setAttribute(cancel, "origTradeID", named)
  if (random.chance(0.7)) setAttribute(cancel, "tradeID", random.pick(["", named]))
  if (random.chance(0.8)) setAttribute(cancel, "transactionID", transactionAfter(row, random))
  else if (random.chance(0.5)) removeAttribute(cancel, "transactionID")
  setAttribute(cancel, "reportDate", random.pick(later))
  const marks = random.below(8)
  if ((marks & 1) === 0) setAttribute(cancel, "transactionType", "TradeCancel")
  if ((marks & 2) === 0) setAttribute(cancel, "buySell", `${attributeOf(row, "buySell") ?? "BUY"} (Ca.)`)
  if ((marks & 4) === 0) setAttribute(cancel, "notes", random.pick(["Ca", "P;Ca"]))
  if (random.chance(0.5)) setAttribute(cancel, "ibCommission", random.pick(["0", "0.35", "-0.35", ""]))
  if (random.chance(0.3)) setAttribute(cancel, "exchange", "--")
  if (random.chance(0.1)) setAttribute(cancel, "tradePrice", "1")
  return cancel
}

const transactionAfter = (row: Element, random: Random): string => {
  const own = attributeOf(row, "transactionID") ?? "1"
  return random.pick([`${own}1`, `${own}2`, `${own}9`, own, own.slice(0, -1) || "1"])
}

const rebookingOf = (row: Element, random: Random): Element => {
  const again = copyOf(row)
  setAttribute(again, "transactionID", transactionAfter(row, random))
  setAttribute(again, "reportDate", random.pick(later))
  if (random.chance(0.7)) setAttribute(again, "tradePrice", random.pick(["80", "80.5", "0", "1e2"]))
  if (random.chance(0.5)) removeAttribute(again, "proceeds")
  if (random.chance(0.3)) setAttribute(again, "conid", random.pick(["51000001", "51000003", "77"]))
  return again
}

export const storyMutations: Readonly<Record<string, Mutation>> = {
  "cancel a trade": onRowOf("Trades", ({ row, section }, random, root) => {
    insert(section, cancelOf(row, random, root), random)
  }),
  "cancel and rebook a trade": onRowOf("Trades", ({ row, section }, random, root) => {
    insert(section, cancelOf(row, random, root), random)
    insert(section, rebookingOf(row, random), random)
  }),
  "cancel a trade twice": onRowOf("Trades", ({ row, section }, random, root) => {
    insert(section, cancelOf(row, random, root), random)
    insert(section, cancelOf(row, random, root), random)
  }),
  "cancel a cancel": onRowOf("Trades", ({ row, section }, random, root) => {
    const cancel = cancelOf(row, random, root)
    insert(section, cancel, random)
    insert(section, cancelOf(cancel, random, root), random)
  }),
  "rebook a trade": onRowOf("Trades", ({ row, section }, random) => {
    insert(section, rebookingOf(row, random), random)
  }),
  "a trade without its id": onRowOf("Trades", ({ row }) => removeAttribute(row, "tradeID")),
  "reverse a cash row": onRowOf("CashTransactions", ({ row, section }, random) => {
    const reversal = copyOf(row)
    negate(reversal, "amount")
    setAttribute(reversal, "transactionID", transactionAfter(row, random))
    setAttribute(reversal, "reportDate", random.pick(later))
    if (random.chance(0.4)) setAttribute(reversal, "description", "REVERSAL")
    if (random.chance(0.2)) setAttribute(reversal, "settleDate", random.pick(later))
    insert(section, reversal, random)
    if (random.chance(0.3)) {
      const again = copyOf(row)
      setAttribute(again, "transactionID", `${transactionAfter(row, random)}5`)
      if (random.chance(0.5)) setAttribute(again, "amount", "1.23")
      insert(section, again, random)
    }
  }),
  "a commission in another currency": onRowOf("Trades", ({ row }, random) => {
    setAttribute(row, "ibCommissionCurrency", random.pick(["GBP", "USD", "BASE_SUMMARY", "gbp", "€"]))
    setAttribute(row, "taxes", random.pick(["0", "-1", "2", ""]))
  })
}
