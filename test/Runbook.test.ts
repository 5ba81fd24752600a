import { assert, describe, it } from "@effect/vitest"
import { readFileSync } from "node:fs"
import { parse, parseAllDocuments } from "yaml"
import { exitCodes } from "../src/Failure.ts"
import { metricName, metrics, type MetricSuffix } from "../src/MetricNames.ts"
import { anchorsOf, cashTypeRows, same, settingNames, tablesOf } from "./support/documents.ts"

const read = (path: string): string => readFileSync(new URL(`../${path}`, import.meta.url), "utf8")

const runbook = read("docs/providers/ibkr.md")

const table = tablesOf(runbook)

const anchors = anchorsOf(runbook)

interface Rule {
  readonly alert: string
  readonly annotations: { readonly runbook_url: string }
}

const rulesOf = (path: string): ReadonlyArray<Rule> => {
  const found = parse(read(path)) as {
    readonly spec?: { readonly groups: ReadonlyArray<{ readonly rules: ReadonlyArray<Rule> }> }
    readonly groups?: ReadonlyArray<{ readonly rules: ReadonlyArray<Rule> }>
  }
  return (found.spec?.groups ?? found.groups ?? []).flatMap(({ rules }) => rules)
}

const rules = [
  ...rulesOf("k8s/components/monitoring/prometheus-rule.yaml"),
  ...rulesOf("k8s/components/monitoring/loki-rules.yaml")
]

describe("the runbook says what the program has", () => {
  it("every secret, and the setting that it is read as", () => {
    const template = parseAllDocuments(read("k8s/base/secret.template.yaml"))[0]?.toJS() as {
      readonly stringData: Readonly<Record<string, string>>
    }
    same(table("key").map(([key = ""]) => key), Object.keys(template.stringData))
    const cronjob = read("k8s/base/account/cronjob.yaml")
    for (const [key, setting] of table("key")) {
      assert.match(cronjob, new RegExp(`name: ${setting}_FILE\\s+value: \\S+/${key}\\s`))
    }
  })

  it("every setting", () => {
    same(table("variable").map(([name = ""]) => name), settingNames)
  })

  it("where in the cluster each setting comes from", () => {
    const cronjob = read("k8s/base/account/cronjob.yaml")
    const named = (from: string) =>
      table("variable").filter(([, where = ""]) => where.startsWith(from)).map(([name = ""]) => name)
    same(named("Secret"), [...cronjob.matchAll(/name: (\w+)_FILE/g)].map(([, name = ""]) => name))
    same(
      named("CronJob"),
      [...cronjob.matchAll(/- name: ([A-Z_]+)\n/g)].flatMap(([, name = ""]) => name.endsWith("_FILE") ? [] : name)
    )
    for (const [line] of read("k8s/base/shared/settings.env").matchAll(/^\w+(?==)/gm)) {
      assert.include(named("ConfigMap"), line)
    }
  })

  it("every exit code", () => {
    same(table("exit code").map(([code = ""]) => code), Object.values(exitCodes).map(String))
  })

  it("every metric with its labels", () => {
    const real = Object.entries(metrics).map(([suffix, { labels }]) =>
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion
      `${metricName("ibkr", suffix as MetricSuffix)} ${labels.join(", ")}`
    )
    same(table("metric").map(([name = "", labels = ""]) => `${name} ${labels}`), real)
  })

  it("every cash type", () => {
    same(table("cash type").map(([type, activity, set]) => `${type}: ${activity}, ${set}`), cashTypeRows)
  })

  it("every alert, where the alert itself says, and none that there is not", () => {
    const section = runbook.slice(runbook.indexOf("\n## Alerts"), runbook.indexOf("\n## Account guard"))
    const told = [...section.matchAll(/^### (\w+)$/gm)].map(([, name = ""]) => name)
    same(told, new Set(rules.map(({ alert }) => alert)))
    for (const { alert, annotations } of rules) {
      assert.isTrue(annotations.runbook_url.endsWith(`docs/providers/ibkr.md#${alert.toLowerCase()}`), alert)
    }
  })

  it("every reference leads somewhere", () => {
    const local = [...runbook.matchAll(/\]\(#([\w-]+)\)/g)].map(([, anchor = ""]) => anchor)
    assert.isAbove(local.length, 10)
    for (const anchor of local) assert.isTrue(anchors.has(anchor), anchor)
    const readme = anchorsOf(read("README.md"))
    for (const [, anchor = ""] of runbook.matchAll(/README\.md#([\w-]+)\)/g)) assert.isTrue(readme.has(anchor), anchor)
    for (const [, path = ""] of runbook.matchAll(/`(k8s\/[\w./-]+)`/g)) {
      if (path !== "k8s/run") assert.isNotEmpty(read(path.includes(".") ? path : `${path}/kustomization.yaml`))
    }
    for (const [, path = ""] of runbook.matchAll(/\]\((\.\.\/[\w./-]+)(?:#[\w-]+)?\)/g)) {
      assert.isNotEmpty(read(new URL(path, "file:///docs/providers/").pathname.slice(1)))
    }
  })

  it("the trigger by hand as the manifests name it", () => {
    const cronjob = parse(read("k8s/base/account/cronjob.yaml")) as {
      readonly metadata: Readonly<Record<string, string>>
    }
    const { name, namespace } = cronjob.metadata
    assert.include(
      runbook,
      `kubectl -n ${namespace} create job --from=cronjob/${name} ${name}-manual-$(date +%s)`
    )
  })

  it("every command that it shows is one", () => {
    const commands = new Set(
      [...runbook.matchAll(/k8s\/run ibkr ([a-z-]+)/g)].map(([, name = ""]) => name).filter((name) =>
        !name.startsWith("-")
      )
    )
    for (const name of commands) {
      assert.include(["status", "restore", "ignore", "adopt", "undo", "open-positions", "replay"], name)
    }
    assert.isAbove(commands.size, 4)
  })
})
