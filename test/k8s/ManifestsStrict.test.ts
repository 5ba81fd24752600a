import { assert, describe, it } from "@effect/vitest"
import { readFileSync } from "node:fs"
import { problemsOf } from "./ManifestsStrict.ts"
import { documents, type Manifest, ofKind, one, render, root } from "./render.ts"

const folders = [
  "base",
  "base/shared",
  "base/account",
  "components/external-secret",
  "components/monitoring",
  "overlays/vault",
  "overlays/family",
  "overlays/twice-daily"
]

const secretTemplate = documents(readFileSync(`${root}k8s/base/secret.template.yaml`, "utf8"))

/** With this field, `spec.groups.0.rules`, whether or not its schema has one. */
const withField = (manifest: Manifest, path: string, value: unknown): Manifest => {
  const copy = structuredClone(manifest)
  const keys = path.split(".")
  const last = keys.pop() ?? ""
  Reflect.set(keys.reduce<object>((at, key) => Reflect.get(at, key), copy), last, value)
  return copy
}

describe("every object is as its schema says, without a field that is not in it", () => {
  it.each(folders)("%s", (folder) => {
    const manifests = render(folder)
    assert.isAbove(manifests.length, 0)
    assert.deepStrictEqual(problemsOf(manifests), [])
  })

  it("the template of the secret", () => {
    assert.deepStrictEqual(problemsOf(secretTemplate), [])
  })
})

describe("the check can fail", () => {
  const base = render("base")
  const cronJob = one(base, "CronJob")
  const rules = [{ alert: "A", expr: "up == 0", for: "1h", labels: { severity: "warning" } }]
  const rule: Manifest & { readonly spec: unknown } = {
    apiVersion: "monitoring.coreos.com/v1",
    kind: "PrometheusRule",
    metadata: { name: "rule", labels: { team: "any" } },
    spec: { groups: [{ name: "group", rules }] }
  }
  const externalSecret = one(render("components/external-secret"), "ExternalSecret")
  const pod = "spec.jobTemplate.spec.template.spec"

  it.each<[string, Manifest, RegExp]>([
    ["an unknown field of a CronJob", withField(cronJob, "spec.timezone", "Europe/London"), /timezone/],
    ["one deep in its pod", withField(cronJob, `${pod}.containers.0.readOnlyRootFilesystem`, true), /readOnlyRoot/],
    ["a value of another type", withField(cronJob, "spec.jobTemplate.spec.backoffLimit", "1"), /backoffLimit/],
    [
      "an unknown field of a NetworkPolicy",
      withField(one(base, "NetworkPolicy", "broker-sync-dns"), "spec.outgress", []),
      /outgress/
    ],
    [
      "an unknown field of an ExternalSecret",
      withField(externalSecret, "spec.dataFrom.0.extract.keys", "a"),
      /extract\/keys/
    ],
    [
      "a type that an ExternalSecret does not have there",
      withField(externalSecret, "spec.refreshInterval", 15),
      /refreshInterval/
    ],
    [
      "an unknown field of a PrometheusRule",
      withField(rule, "spec.groups.0.rules.0.annotation", {}),
      /rules\/0\/annotation/
    ],
    ["a type that a PrometheusRule does not have there", withField(rule, "spec.groups.0.rules.0.expr", {}), /expr/],
    ["a kind that nobody knows", { ...cronJob, kind: "CronJobs" }, /did not pass/]
  ])("%s", (_, manifest, expected) => {
    assert.match(problemsOf([manifest]).join("\n"), expected)
  })

  it("and is silent about the same objects as they are", () => {
    assert.deepStrictEqual(problemsOf([cronJob, externalSecret, rule]), [])
  })
})

describe("what is in which folder", () => {
  it("the base has core kinds alone, so that a cluster without operators takes it", () => {
    const groups = new Set(render("base").map(({ apiVersion }) => apiVersion))
    assert.deepStrictEqual([...groups].sort(), ["batch/v1", "networking.k8s.io/v1", "v1"])
    assert.deepStrictEqual(
      [...new Set(render("base").map(({ kind }) => kind))].sort(),
      ["ConfigMap", "CronJob", "Namespace", "NetworkPolicy", "PersistentVolumeClaim", "ServiceAccount"]
    )
  })

  it("nothing that is applied has a Secret in it, so that none is overwritten", () => {
    for (const folder of folders) assert.deepStrictEqual(ofKind(render(folder), "Secret"), [], folder)
  })

  it("the vault overlay is the base and both components", () => {
    const kinds = new Set(render("overlays/vault").map(({ kind }) => kind))
    for (const kind of ["CronJob", "ExternalSecret", "PrometheusRule"]) assert.include([...kinds], kind)
    const dashboards = ofKind(render("overlays/vault"), "ConfigMap").filter(({ metadata }) =>
      metadata.labels?.["grafana_dashboard"] !== undefined
    )
    assert.lengthOf(dashboards, 1)
  })

  it("whatever is in a namespace says which, but for what is put where the monitoring is", () => {
    for (const folder of ["base", "overlays/family", "overlays/twice-daily"]) {
      for (const { kind, metadata } of render(folder)) {
        assert.strictEqual(metadata.namespace, kind === "Namespace" ? undefined : "broker-sync", `${folder} ${kind}`)
      }
    }
  })
})
