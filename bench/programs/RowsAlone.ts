import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import { Effect, FileSystem, Stream } from "effect"
import { Xml } from "effect/encoding"
import { keepHeapSmall } from "../../src/Heap.ts"
import { contentHash } from "../../src/Ibkr/Activities/Booking.ts"
import * as Decimals from "../../src/Portfolio/Decimal.ts"

/**
 * What the rows need at the very least: of each trade and cash row in the file that it is given eleven attributes, the four
 * amounts of them read, the content hash, and a line of JSON, which it prints at the end. Nothing is checked, ordered,
 * judged beside another row or kept from leaving before the account was seen.
 */
const [path = ""] = process.argv.slice(2)
keepHeapSmall()

const names = ["tradeID", "transactionID", "conid", "symbol", "currency", "dateTime", "reportDate"]
const amounts = ["quantity", "tradePrice", "netCash", "amount"]

const line = (attributes: Readonly<Record<string, string>>): string => {
  const row: Record<string, string> = {}
  for (const name of names) {
    const text = attributes[name]
    if (text !== undefined) row[name] = text
  }
  for (const name of amounts) {
    const text = attributes[name]
    const amount = text === undefined ? undefined : Decimals.parse(text)
    if (amount !== undefined) row[name] = Decimals.format(amount)
  }
  return JSON.stringify({ ...row, contentHash: contentHash(Object.values(row)) })
}

const lines: Array<string> = []
const read = Effect.flatMap(FileSystem.FileSystem, (files) =>
  files.stream(path).pipe(
    Stream.pipeThroughChannel(Xml.decode({ maxTokenSize: 16 * 1024 * 1024, maxDepth: 64 })),
    Stream.runForEachArray((events) =>
      Effect.sync(() => {
        for (const event of events) {
          if (event._tag !== "StartElement") continue
          if (event.name === "Trade" || event.name === "CashTransaction") lines.push(line(event.attributes))
        }
      })
    )
  ))

Effect.runPromise(Effect.provide(read, NodeFileSystem.layer)).then(
  () => process.stdout.write(`${lines.join("\n")}\n`),
  (error: unknown) => {
    console.error(error)
    process.exitCode = 1
  }
)
