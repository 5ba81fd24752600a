import { spawnSync } from "node:child_process"
import { mkdtemp, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"

/** Runs it on a file of this content; fails with what it says. (JSON is YAML.) */
export const promtool = async (command: ReadonlyArray<string>, content: unknown): Promise<void> => {
  const directory = await mkdtemp(join(tmpdir(), "broker-sync-promtool-"))
  try {
    const file = join(directory, "input.yaml")
    await writeFile(file, JSON.stringify(content))
    const { error, status, stderr, stdout } = spawnSync("promtool", [...command, file], { encoding: "utf8" })
    if (error !== undefined) throw new Error("promtool is not on the PATH; on Debian: apt-get install prometheus")
    if (status !== 0) throw new Error(`promtool ${command.join(" ")}: ${stdout}${stderr}`)
  } finally {
    await rm(directory, { recursive: true })
  }
}

/** The queries give exactly these samples, from series with a sample a minute. Time begins at 1970-01-01T00:00:00Z. */
export const evaluate = (
  series: ReadonlyArray<{ readonly series: string; readonly values: string }>,
  queries: ReadonlyArray<{
    readonly expr: string
    readonly at: string
    readonly samples: Readonly<Record<string, number>>
  }>
): Promise<void> =>
  promtool(["test", "rules"], {
    rule_files: [],
    evaluation_interval: "1m",
    tests: [{
      interval: "1m",
      input_series: series,
      promql_expr_test: queries.map(({ at, expr, samples }) => ({
        expr,
        eval_time: at,
        exp_samples: Object.entries(samples).map(([labels, value]) => ({ labels, value }))
      }))
    }]
  })
