import { spawnSync } from "node:child_process"
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { parse } from "yaml"

export const component = fileURLToPath(new URL("../../../k8s/components/monitoring/", import.meta.url))

const packages = { promtool: "prometheus", amtool: "prometheus-alertmanager" }

/** Its output, and whether it ended well. */
export const tool = (name: keyof typeof packages, args: ReadonlyArray<string>) => {
  const { error, status, stderr, stdout } = spawnSync(name, args, { encoding: "utf8", maxBuffer: 64 * 1024 * 1024 })
  if (error !== undefined && "code" in error && error.code === "ENOENT") {
    throw new Error(`${name} is not on the PATH; on Debian: apt-get install ${packages[name]}`)
  }
  if (error !== undefined) throw error
  return { ok: status === 0, output: stdout + stderr, stdout }
}

export const withFolder = <A>(use: (folder: string) => A): A => {
  const folder = mkdtempSync(join(tmpdir(), "broker-sync-alerts-"))
  try {
    return use(folder)
  } finally {
    rmSync(folder, { recursive: true })
  }
}

export interface Rule {
  readonly alert: string
  readonly expr: string
  readonly for?: string
  readonly labels: Readonly<Record<string, string>>
  readonly annotations: Readonly<Record<"summary" | "description" | "runbook_url", string>>
}

export interface Rules {
  readonly groups: ReadonlyArray<{ readonly name: string; readonly rules: ReadonlyArray<Rule> }>
}

export const readYaml = (file: string): unknown => parse(readFileSync(component + file, "utf8"))

export const prometheusRules = (): Rules => (readYaml("prometheus-rule.yaml") as { readonly spec: Rules }).spec

export const lokiRules = (): Rules => readYaml("loki-rules.yaml") as Rules

export const allRules = ({ groups }: Rules): ReadonlyArray<Rule> => groups.flatMap(({ rules }) => rules)

/** One alert alone, changed; a change that changes nothing is a mistake of the test. */
export const mutated = (alert: string, change: (rule: Rule) => Rule): Rules => {
  const rules = allRules(prometheusRules()).filter((rule) => rule.alert === alert)
  const changed = rules.map(change)
  if (JSON.stringify(changed) === JSON.stringify(rules)) throw new Error(`${alert} has nothing to change`)
  return { groups: [{ name: "mutated", rules: changed }] }
}

/** JSON is YAML. */
export const writeJson = (path: string, value: unknown): string => {
  writeFileSync(path, JSON.stringify(value))
  return path
}
