import { afterAll, beforeAll, describe, it } from "@effect/vitest"
import type { WealthfolioServer } from "../support/WealthfolioServer.ts"
import { startWealthfolio } from "../support/WealthfolioServer.ts"
import { type Json, realPassword, realUrl, Target, ticker, trade } from "./support.ts"

/** Of servers that hold short positions, as they do from 3.6 on; an older one is asked for nothing. */
let standIn: WealthfolioServer | undefined
let target = new Target("")
let isOlder = false

beforeAll(async () => {
  if (realUrl === undefined) standIn = await startWealthfolio({ version: "SHORTS" })
  target = new Target(realUrl ?? standIn?.url ?? "")
  if (realUrl !== undefined && realPassword !== undefined) await target.login(realPassword)
  const { version } = await target.ok("GET", "/app/info")
  isOlder = /^(?:[012]\.|3\.[0-5]\.)/.test(String(version))
})
afterAll(async () => standIn?.close())

const at = (time: string, subtype?: string): Json => ({
  activityDate: `2026-01-05T${time}Z`,
  ...(subtype === undefined ? {} : { subtype })
})

const start = async (fields: Json = {}) => [await target.account(), String((await target.asset(fields))["id"])] as const

const option = { instrumentType: "OPTION", instrumentSymbol: "", instrumentExchangeMic: undefined }

interface Story {
  readonly name: string
  readonly fields?: Json
  /** Type and subtype, quantity, at 3 a piece. */
  readonly rows: ReadonlyArray<readonly ["BUY" | "SELL", string | undefined, number]>
  readonly held?: number
  readonly cash: number
}

const stories: ReadonlyArray<Story> = [
  { name: "a sale that opens leaves one", rows: [["SELL", "POSITION_OPEN", 5]], held: -5, cash: 15 },
  {
    name: "a purchase that closes takes it away",
    rows: [["SELL", "POSITION_OPEN", 5], ["BUY", "POSITION_CLOSE", 5]],
    cash: 0
  },
  {
    name: "what crosses zero, in two rows: the sale of what is held, then the one that opens",
    rows: [["BUY", undefined, 4], ["SELL", undefined, 4], ["SELL", "POSITION_OPEN", 2]],
    held: -2,
    cash: 6
  },
  {
    name: "what crosses zero upwards, in two rows: the cover, then the purchase",
    rows: [["SELL", "POSITION_OPEN", 5], ["BUY", "POSITION_CLOSE", 5], ["BUY", undefined, 3]],
    held: 3,
    cash: -9
  },
  {
    name: "a purchase of shares that does not say that it covers is left out, with its cash",
    rows: [["SELL", "POSITION_OPEN", 5], ["BUY", undefined, 3]],
    held: -5,
    cash: 15
  },
  {
    name: "a sale that opens while shares are held is left out, with its cash",
    rows: [["BUY", undefined, 4], ["SELL", "POSITION_OPEN", 2]],
    held: 4,
    cash: -12
  },
  {
    name: "a sale of shares that does not say that it opens books its cash alone",
    rows: [["SELL", undefined, 5]],
    cash: 15
  },
  {
    name: "an option is sold short without saying so",
    fields: option,
    rows: [["SELL", undefined, 5]],
    held: -5,
    cash: 1500
  },
  {
    name: "an option that is covered at no price is gone",
    fields: option,
    rows: [["SELL", "POSITION_OPEN", 5], ["BUY", "POSITION_CLOSE", 5]],
    cash: 0
  }
]

describe("short positions", () => {
  for (const { cash, fields, held, name, rows } of stories) {
    it(name, async ({ skip }) => {
      if (isOlder) skip()
      const symbol = fields === undefined ? {} : { instrumentSymbol: `${ticker().slice(0, 4)}290618C00100000` }
      const [account, asset] = await start({ ...fields, ...symbol })
      const multiplier = fields === undefined ? 1 : 100
      await target.import(rows.map(([type, subtype, quantity], index) =>
        trade(account, type, asset, {
          quantity: String(quantity),
          unitPrice: "3",
          amount: String(quantity * 3 * multiplier),
          ...at(`10:00:00.00${index}`, subtype)
        })
      ))
      await target.eventually(account, {
        ...(held === undefined ? {} : { shares: { [asset]: held } }),
        ...(cash === 0 ? { cash: {} } : { cash: { GBP: cash } })
      })
    })
  }

  it("a split rescales one", async ({ skip }) => {
    if (isOlder) skip()
    const [account, asset] = await start()
    const split = { activityType: "SPLIT", amount: "2", activityDate: "2026-01-07T00:00:00Z" }
    await target.import([
      trade(account, "SELL", asset, { quantity: "5", unitPrice: "3", ...at("10:00:00", "POSITION_OPEN") }),
      {
        ...trade(account, "SELL", asset, { quantity: "5", unitPrice: "3" }),
        ...split,
        quantity: undefined,
        unitPrice: undefined
      }
    ])
    await target.eventually(account, { shares: { [asset]: -10 }, cash: { GBP: 15 } })
  })
})
