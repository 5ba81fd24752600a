import { assert, describe, it } from "@effect/vitest"
import { execFileSync } from "node:child_process"
import { readFileSync, realpathSync, writeFileSync } from "node:fs"
import { join, relative } from "node:path"
import { exitCodes } from "../../src/Failure.ts"
import { exposition } from "../../src/Metrics.ts"
import { skipReasons } from "../../src/Portfolio/Activity.ts"
import { anchorsOf, fullSummary } from "../support/documents.ts"
import {
  allRules,
  component,
  lokiRules,
  prometheusRules,
  readYaml,
  type Rule,
  type Rules,
  tool,
  withFolder,
  writeJson
} from "./alerts/tools.ts"
import { containerOf, cronJobs, documents, type Manifest, one, render, root, tools } from "./render.ts"

const rules = allRules(prometheusRules())
const every = [...rules, ...allRules(lokiRules())]

describe("the rules", () => {
  it("pass promtool check rules", () => {
    withFolder((folder) => {
      const { ok, output } = tool("promtool", [
        "check",
        "rules",
        writeJson(join(folder, "rules.json"), prometheusRules())
      ])
      assert.isTrue(ok, output)
      assert.include(output, `SUCCESS: ${rules.length} rules found`)
    })
  })

  it("are all that there should be", () => {
    assert.deepStrictEqual([...new Set(every.map(({ alert }) => alert))].sort(), [
      "IBKRBaselinePending",
      "IBKRCashDrift",
      "IBKRDataStale",
      "IBKRFlexTokenExpired",
      "IBKRMetricsPushFailing",
      "IBKRNeverRan",
      "IBKRNotReconciled",
      "IBKRPositionDrift",
      "IBKRSkippedRows",
      "IBKRSyncFailing",
      "IBKRSyncStale",
      "IBKRTokenExpiresSoon",
      "IBKRUncoveredDays"
    ])
  })

  it.each(every.map((rule) => [rule.alert, rule] as const))(
    "%s says what is wrong, what to do, and where to read on",
    (_, rule) => {
      assert.deepStrictEqual(Object.keys(rule.annotations).sort(), ["description", "runbook_url", "summary"])
      assert.isAbove(rule.annotations.summary.length, 20)
      assert.isAbove(rule.annotations.description.length, 60)
      assert.strictEqual(rule.annotations.runbook_url, `docs/providers/ibkr.md#${rule.alert.toLowerCase()}`)
      assert.include(rule.annotations.summary, "$labels.account")
      assert.include(["info", "warning", "critical"], rule.labels["severity"])
      assert.strictEqual(rule.labels["app"], "broker-sync")
    }
  )

  it("use metrics and labels that the program pushes, and no others", async () => {
    const labels = new Map<string, ReadonlyArray<string>>()
    for (const line of (await exposition(fullSummary, "ibkr")).split("\n")) {
      const [, name, own = ""] = /^(\w+)(?:\{(.*)\})? \S+$/.exec(line) ?? []
      if (name !== undefined) labels.set(name, [...own.matchAll(/(\w+)=/g)].map(([, label]) => label ?? ""))
    }
    const used = rules.flatMap(({ expr }) => expr.match(/\bibkr_\w+/g) ?? [])
    assert.deepStrictEqual(used.filter((name) => !labels.has(name)), [])
    for (const { expr } of rules) {
      for (const [, by = "", name = ""] of expr.matchAll(/by \(([\w, ]+)\) \((ibkr_\w+)/g)) {
        const asked = by.split(", ").filter((label) => label !== "account")
        assert.deepStrictEqual(
          asked.filter((label) => labels.get(name)?.includes(label) !== true),
          [],
          `${name} by ${by}`
        )
      }
    }
    // What is left out is for the dashboard.
    assert.sameMembers([...labels.keys()].filter((name) => !used.includes(name)), [
      "ibkr_sync_duration_seconds",
      "ibkr_sync_activities",
      "ibkr_statement_generated_timestamp_seconds",
      "ibkr_cash_unexplained"
    ])
  })

  it("decide of every reason for which rows are skipped whether somebody has to look", () => {
    const expressions = rules.filter(({ alert }) => alert === "IBKRSkippedRows").map(({ expr }) => expr)
    const matchers = expressions.flatMap((expr) => [...expr.matchAll(/reason=~"([^"]+)"/g)].map(([, one = ""]) => one))
    const isTold = (reason: string) => matchers.some((matcher) => new RegExp(`^(?:${matcher})$`).test(reason))
    assert.sameMembers(skipReasons.filter((reason) => !isTold(reason)), [
      "unsupported-asset-category",
      "superseded",
      "reversed",
      "cancelled",
      "before-start-date",
      "ignored",
      "short",
      "no-effect",
      "unvested"
    ])
  })

  it("take the exit codes that a human has to mend for those at once", () => {
    const { accountGuard, configuration, credentials, lockout, query } = exitCodes
    assert.deepStrictEqual([configuration, accountGuard, credentials, query, lockout], [2, 3, 4, 5, 7])
  })

  it("link to sections that the runbook has", () => {
    const headings = anchorsOf(readFileSync(`${root}docs/providers/ibkr.md`, "utf8"))
    for (const { alert } of every) assert.include([...headings], alert.toLowerCase())
  })
})

describe("the example for Alertmanager", () => {
  const file = `${component}alertmanager-route.example.yaml`

  it("passes amtool check-config", () => {
    const { ok, output } = tool("amtool", ["check-config", file])
    assert.isTrue(ok, output)
  })

  it.each(every.map((rule) => [rule.alert, rule] as const))("sends %s to #security", (alert, { labels }) => {
    const matched = Object.entries({ alertname: alert, ...labels }).map(([name, value]) => `${name}=${value}`)
    const { stdout } = tool("amtool", ["config", "routes", "test", `--config.file=${file}`, ...matched])
    assert.strictEqual(stdout.trim(), "slack-security")
    const { receivers } = readYaml("alertmanager-route.example.yaml") as {
      readonly receivers: ReadonlyArray<
        { readonly name: string; readonly slack_configs?: ReadonlyArray<{ channel: string }> }
      >
    }
    const receiver = receivers.find(({ name }) => name === "slack-security")
    assert.deepStrictEqual(receiver?.slack_configs?.map(({ channel }) => channel), ["#security"])
  })

  it("leaves the alerts of others alone", () => {
    const { stdout } = tool("amtool", ["config", "routes", "test", `--config.file=${file}`, "alertname=Watchdog"])
    assert.strictEqual(stdout.trim(), "default")
  })

  it("inhibits by alerts that there are", () => {
    const { inhibit_rules: inhibited } = readYaml("alertmanager-route.example.yaml") as {
      readonly inhibit_rules: ReadonlyArray<
        Readonly<Record<"source_matchers" | "target_matchers", ReadonlyArray<string>>>
      >
    }
    const names = inhibited.flatMap(({ source_matchers: from, target_matchers: to }) => [...from, ...to])
      .flatMap((matcher) => matcher.match(/IBKR\w+/g) ?? [])
    assert.isAbove(names.length, 5)
    for (const name of names) assert.include(every.map(({ alert }) => alert), name)
  })
})

interface ConfigMap extends Manifest {
  readonly data: Readonly<Record<string, string>>
}

interface PrometheusRule extends Manifest {
  readonly spec: Rules
}

/** The component in an overlay of its own, with these lines more. */
const overlay = (more = "") =>
  withFolder((made) => {
    const folder = realpathSync(made)
    writeFileSync(
      join(folder, "kustomization.yaml"),
      // kustomize takes no absolute paths.
      `apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\ncomponents: [${
        relative(folder, component)
      }]\n${more}`
    )
    const [command = "", ...first] = tools().kustomize
    return documents(execFileSync(command, [...first, folder], { encoding: "utf8" }))
  })

describe("the component", () => {
  it("renders to what operator, ruler and Grafana look for", () => {
    const made = overlay()
    assert.deepStrictEqual(one<PrometheusRule>(made, "PrometheusRule").spec, prometheusRules())
    const loki = one<ConfigMap>(made, "ConfigMap", "broker-sync-loki-rules")
    assert.strictEqual(loki.metadata.labels?.["loki_rule"], "true")
    assert.strictEqual(loki.data["broker-sync.yaml"], readFileSync(`${component}loki-rules.yaml`, "utf8"))
    const dashboard = one<ConfigMap>(made, "ConfigMap", "broker-sync-dashboard")
    assert.strictEqual(dashboard.metadata.labels?.["grafana_dashboard"], "1")
    assert.isObject(JSON.parse(dashboard.data["broker-sync.json"] ?? ""))
    assert.strictEqual(made.length, 3)
    for (const { metadata } of made) assert.strictEqual(metadata.namespace, "broker-sync")
  })

  it("makes links to the runbook with the lines that its comment has", () => {
    const comment = readFileSync(`${component}kustomization.yaml`, "utf8").split("\n")
      .filter((line) => line.startsWith("#   ")).map((line) => line.slice(4)).join("\n")
    const made = overlay(comment)
    const base = "https://git.example.org/you/broker-sync/src/branch/main/docs/providers/ibkr.md#"
    const linked = (rule: Rule) => assert.strictEqual(rule.annotations.runbook_url, base + rule.alert.toLowerCase())
    allRules(one<PrometheusRule>(made, "PrometheusRule").spec).forEach(linked)
    const { data } = one<ConfigMap>(made, "ConfigMap", "broker-sync-loki-rules")
    allRules(documents(data["broker-sync.yaml"] ?? "")[0] as unknown as Rules).forEach(linked)
    assert.strictEqual(made.length, 3)
  })
})

it.each(["base", "overlays/family"])("in %s the account of a CronJob is what the rules take it for", (folder) => {
  const jobs = cronJobs(render(folder))
  assert.isNotEmpty(jobs)
  for (const job of jobs) {
    const { name, namespace } = job.metadata
    const label = containerOf(job).env.find((variable) => variable.name === "IBKR_ACCOUNT_LABEL")?.value
    assert.strictEqual(namespace, "broker-sync")
    assert.strictEqual(label, name === "broker-sync-ibkr" ? "ibkr-uk" : name.slice("broker-sync-".length))
  }
})
