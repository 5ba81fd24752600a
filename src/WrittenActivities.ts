import { openSync, readSync, unlinkSync, writeSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { collectIfGrown } from "./Heap.ts"
import { IdSet } from "./IdSet.ts"
import { activityLine, type ActivityStatus, type ReportedActivity } from "./RunReport.ts"

/** Of what a person is shown. */
const mostShown = 100
/** Small enough for the young generation: what is printed is garbage at once. */
const pieceSize = 1 << 14

/**
 * Activities of a run that are reported, and need no second look: as lines of its JSON, in a file that is gone with the
 * process, whatever ends it.
 */
export class WrittenActivities {
  readonly #file: number
  #ids: IdSet | undefined
  readonly #counts = new Map<ActivityStatus, number>()
  readonly #shown: Array<ReportedActivity> = []
  #size = 0

  /** @param directory where there is room for it; the system's temporary one by default */
  constructor(directory = tmpdir()) {
    const path = join(directory, `broker-sync-report-${process.pid}-${Date.now()}`)
    this.#file = openSync(path, "wx+", 0o600)
    // Its name is not needed, and what has no name is not left behind.
    unlinkSync(path)
  }

  add(rows: ReadonlyArray<ReportedActivity>): void {
    let text = ""
    const flush = () => {
      const bytes = Buffer.from(text)
      for (let offset = 0; offset < bytes.length;) {
        offset += writeSync(this.#file, bytes, offset, bytes.length - offset, this.#size + offset)
      }
      this.#size += bytes.length
      text = ""
    }
    for (const row of rows) {
      this.#ids?.add(row.activity.externalId)
      this.#counts.set(row.status, (this.#counts.get(row.status) ?? 0) + 1)
      if (row.status !== "already-synced" && this.#shown.length < mostShown) this.#shown.push(row)
      text += (this.#size + text.length === 0 ? "" : ",\n") + activityLine(row)
      if (text.length > pieceSize) flush()
    }
    flush()
  }

  /** Ids are gathered once somebody asks: most runs have one statement, whose rows are all different. */
  has(externalId: string): boolean {
    this.#ids ??= this.#idsWritten()
    return this.#ids.has(externalId)
  }

  #idsWritten(): IdSet {
    const ids = new IdSet()
    let rest = ""
    for (const piece of this.text()) {
      const lines = (rest + piece).split("\n")
      rest = lines.pop() ?? ""
      for (const line of lines) ids.add(idOf(line))
    }
    if (rest !== "") ids.add(idOf(rest))
    return ids
  }

  count(status: ActivityStatus): number {
    return this.#counts.get(status) ?? 0
  }

  /** The first of those that are not only known. */
  get shown(): ReadonlyArray<ReportedActivity> {
    return this.#shown
  }

  /** The lines, in pieces of any length; between two lines stands a comma. */
  *text(): Generator<string> {
    const decoder = new TextDecoder()
    const bytes = new Uint8Array(pieceSize)
    for (let at = 0; at < this.#size;) {
      const read = readSync(this.#file, bytes, 0, bytes.length, at)
      if (read === 0) throw new Error("the activities written so far cannot be read again")
      at += read
      collectIfGrown()
      yield decoder.decode(bytes.subarray(0, read), { stream: at < this.#size })
    }
  }
}

/** Of a line as it was written. */
const idOf = (line: string): string => {
  const { externalId }: { readonly externalId: string } = JSON.parse(line.endsWith(",") ? line.slice(0, -1) : line)
  return externalId
}
