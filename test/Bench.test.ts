import { assert, describe, it } from "@effect/vitest"
import { execFile } from "node:child_process"
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"
import { limitGroup } from "../bench/ControlGroup.ts"
import { type Measurement, median, type Results } from "../bench/Measurement.ts"
import { type CpuProfile, ownerOf } from "../bench/Profile.ts"
import { figure, markdown, published, text } from "../bench/Report.ts"
import { stageOf, timesByStage } from "../bench/Stages.ts"
import { publishedStages } from "../bench/StageTable.ts"
import { externalIdOf, storedRow, trackerIdOf } from "../bench/StoredRow.ts"
import { targetsOf, verdictOf } from "../bench/Targets.ts"

const measurement = (id: string, more: Partial<Measurement> = {}): Measurement => ({
  id,
  what: id,
  runs: 5,
  seconds: 1,
  cpuSeconds: 1,
  peakMiB: 100,
  facts: {},
  ...more
})

const results = (measurements: ReadonlyArray<Measurement>): Results => ({
  machine: {
    cpu: "a CPU",
    cores: 2,
    memoryGiB: 8,
    os: "Linux",
    node: "v24.21.0",
    date: "2026-01-02",
    load: 0.1,
    emptyPeakMiB: 2
  },
  measurements
})

const verdicts = (...measurements: ReadonlyArray<Measurement>) =>
  Object.fromEntries(targetsOf(measurements).map((target) => [target.what, verdictOf(target)]))

describe("stages", () => {
  it("every source has the stage of what it does, and a library that of its caller", () => {
    const told = Object.entries({
      "../../node_modules/effect/dist/encoding/Xml.js": "parse",
      "../src/Ibkr/FlexStatement.ts": "scan",
      "../src/Ibkr/Spool.ts": "spool",
      "../src/Ibkr/SpoolParts.ts": "spool",
      "../src/Ibkr/FlexField.ts": "decode",
      "../src/Ibkr/Activities/Trades.ts": "map",
      "../src/Sync/Plan.ts": "dedup",
      "../src/Sql/RecordTable.ts": "dedup",
      "../src/Sync/Write.ts": "send",
      "../src/Wealthfolio/Bulk.ts": "send",
      "../src/RunReport.ts": "report",
      "../src/Portfolio/Decimal.ts": undefined,
      "../../node_modules/effect/dist/BigDecimal.js": undefined
    })
    for (const [source, stage] of told) assert.strictEqual(stageOf(source), stage, source)
  })

  it("what has none counts for the nearest of its callers", () => {
    const frame = (functionName: string, lineNumber: number, url = "file:///program.mjs") => ({
      functionName,
      lineNumber,
      columnNumber: 0,
      url
    })
    const profile: CpuProfile = {
      nodes: [
        { id: 1, callFrame: frame("(root)", -1, ""), children: [2, 5] },
        { id: 2, callFrame: frame("bookings", 0), children: [3] },
        { id: 3, callFrame: frame("sum", 1), children: [4] },
        { id: 4, callFrame: frame("(garbage collector)", -1, "") },
        { id: 5, callFrame: frame("load", -1, "node:internal") }
      ],
      samples: [2, 3, 3, 4, 5],
      timeDeltas: [1000, 2000, 3000, 4000, 5000]
    }
    const sources = ["../src/Ibkr/Activities.ts", "../src/Portfolio/Decimal.ts"]
    const times = timesByStage(profile, "/program.mjs", (line) => sources[line])
    assert.deepStrictEqual(
      Object.entries(times).filter(([, millis]) => millis > 0),
      [["start", 5], ["map", 6], ["collector", 4]]
    )
  })
})

it("a median is in the middle, or between the two that are", () => {
  assert.strictEqual(median([3, 1, 2]), 2)
  assert.strictEqual(median([4, 1, 3, 2]), 2.5)
  assert.strictEqual(median([7]), 7)
  assert.throws(() => median([]))
})

it("figures are told in three digits, counts in full", () => {
  assert.deepStrictEqual([0.123, 12.345, 123.45, 794_069, 2].map(figure), ["0.12", "12.3", "123", "794 069", "2"])
})

describe("targets", () => {
  it("none is met by what was not measured", () => {
    assert.deepStrictEqual([...new Set(Object.values(verdicts()))], ["not measured"])
  })

  it("ratios are of one run on one file", () => {
    const told = verdicts(
      measurement("read/52/broker-sync", { seconds: 1.5, peakMiB: 161 }),
      measurement("read/52/floor", { seconds: 1 }),
      measurement("read/52/ibflex", { seconds: 8.9 })
    )
    assert.strictEqual(told["52 MB: times faster than ibflex's parse alone"], "not met")
    assert.strictEqual(told["52 MB: time over the bare event stream"], "met")
    assert.strictEqual(told["52 MB: peak memory"], "not met")
    assert.strictEqual(told["520 MB: time over that at 52 MB"], "not measured")
  })

  it("what grows is told by runs of the same minutes", () => {
    const name = "520 MB: time over that at 52 MB"
    const [before, large] = [measurement("read/52/broker-sync"), measurement("read/520/broker-sync", { seconds: 20 })]
    const beside = (seconds: number) =>
      verdicts(before, large, measurement("read/520/broker-sync-52", { seconds }))[name]
    assert.deepStrictEqual([beside(2), beside(1.8)], ["met", "not met"])
  })

  it("requests may be one more for each new instrument", () => {
    const imported = (requests: number) =>
      targetsOf([measurement("first-import/10000", { facts: { requests, instruments: 114 } })])
        .find(({ unit }) => unit === "requests")
    const [most, more] = [imported(164), imported(165)]
    if (most === undefined || more === undefined) throw new Error("no such target")
    assert.deepStrictEqual([most.limit, verdictOf(most), verdictOf(more)], [164, "met", "not met"])
  })

  it("under a limit a run comes through or not; a control group stands for the pod where there is one", () => {
    const ended = (way: string, exitCode: number) => measurement(`memory-limit/520/${way}`, { facts: { exitCode } })
    const name = "520 MB under a hard limit of 256 MiB"
    assert.strictEqual(verdicts(ended("address-space", 0))[name], "met")
    assert.strictEqual(verdicts(ended("address-space", 0), ended("control-group", 137))[name], "not met")
  })
})

describe("tables", () => {
  const some = results([
    measurement("read/52/broker-sync", { what: "broker-sync", facts: { rows: 36_000 } }),
    measurement("cold-start/broker-sync", { what: "broker-sync --version", facts: { bundleBytes: 600_001 } })
  ])

  it("as text: the machine first, one line a process, one a target", () => {
    const [first, ...lines] = text(some).split("\n")
    assert.match(first ?? "", /^a CPU, 2 cores, 8 GiB; Linux; Node 24\.21\.0; 2026-01-02; load 0\.1/)
    assert.isTrue(lines.some((line) => /^read 52 MB +broker-sync +5 +1 +1 +100  rows 36 000$/.test(line)))
    assert.isTrue(lines.some((line) => /^the bundle +at most 600 000 bytes +600 001 bytes +not met$/.test(line)))
  })

  it("as Markdown, between the marks of a document and nowhere else", () => {
    const document = "before\n<!-- results -->\nof last year\n<!-- end of results -->\nafter\n"
    const made = published(document, some)
    assert.include(made, markdown(some))
    assert.notInclude(made, "of last year")
    assert.match(made, /^before\n<!-- results -->\n/)
    assert.isTrue(made.endsWith("<!-- end of results -->\nafter\n"))
    assert.strictEqual(published(made, some), made)
    assert.throws(() => published("no marks", some))
  })

  it("docs/performance.md has what bench/results.json says", async () => {
    const at = (path: string) => readFile(new URL(path, import.meta.url), "utf8")
    const document = await at("../docs/performance.md")
    assert.strictEqual(published(document, JSON.parse(await at("../bench/results.json"))), document)
    assert.strictEqual(publishedStages(document, JSON.parse(await at("../bench/stages.json"))), document)
  })
})

it("a stored row is told by its id, and takes a day of ten years", () => {
  assert.strictEqual(trackerIdOf(externalIdOf(999_999)), "row-9000999999")
  assert.isUndefined(trackerIdOf("ibkr:trade:6000000001"))
  assert.isUndefined(trackerIdOf("ibkr:cash:9000000001"))
  assert.strictEqual(storedRow(0, 1_000_000).date, "2015-01-01")
  assert.strictEqual(storedRow(999_999, 1_000_000).date, "2024-12-28")
})

it("a function is ours, a package's, Node's, or none", () => {
  const bundle = "file:///bundle.mjs"
  assert.strictEqual(ownerOf("../src/Sync.ts", "run", bundle), "own")
  assert.strictEqual(ownerOf("../src/Sql/NodeSqlite.ts", "try", bundle), "sqlite")
  assert.strictEqual(ownerOf("../node_modules/effect/dist/Effect.js", "map", bundle), "packages")
  assert.strictEqual(ownerOf(undefined, "(anonymous)", bundle), "packages")
  assert.strictEqual(ownerOf(undefined, "readFileSync", "node:fs"), "node")
  assert.strictEqual(ownerOf(undefined, "(garbage collector)", ""), "collector")
  assert.strictEqual(ownerOf(undefined, "(idle)", ""), "idle")
})

it("a folder that is no control group is refused, and left as it was", async () => {
  const directory = await mkdtemp(join(tmpdir(), "broker-sync-bench-test-"))
  assert.throws(() => limitGroup({ BENCH_CGROUP: directory }, 256), /BENCH_CGROUP/)
  assert.deepStrictEqual(await readdir(directory), [])
  await rm(directory, { recursive: true })
})

it("the harness measures what it is asked for", { timeout: 60_000 }, async () => {
  const directory = await mkdtemp(join(tmpdir(), "broker-sync-bench-test-"))
  const out = join(directory, "results.json")
  const main = fileURLToPath(new URL("../bench/main.ts", import.meta.url))
  const { IBFLEX: _, ...env } = process.env
  const { stdout } = await promisify(execFile)(
    process.execPath,
    [main, "--only", "read/1/", "--runs", "1", "--out", out],
    { env: { ...env, BENCH_CACHE: directory } }
  )
  const { measurements }: Results = JSON.parse(await readFile(out, "utf8"))
  await rm(directory, { recursive: true })
  assert.deepStrictEqual(measurements.map(({ id, runs }) => [id, runs]), [
    ["read/1/broker-sync", 1],
    ["read/1/floor", 1],
    ["read/1/floor-small-heap", 1],
    ["read/1/rows-alone", 1],
    ["read/1/fast-xml-parser", 1]
  ])
  for (const { cpuSeconds, peakMiB, seconds } of measurements) {
    assert.isAbove(seconds, 0.02)
    assert.isAbove(cpuSeconds, 0.02)
    assert.isAbove(peakMiB, 30)
  }
  assert.include(stdout, "floor: bare Xml event stream")
})
