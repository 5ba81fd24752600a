import { ExternalSecret } from "@kubernetes-models/external-secrets/external-secrets.io/v1/ExternalSecret"
import { PrometheusRule } from "@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1/PrometheusRule"
import { execFileSync } from "node:child_process"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { stringify } from "yaml"
import { type Manifest, tools } from "./render.ts"

/** The oldest whose schema takes all of it (1.28 wants `onPodConditions` in every rule), and the newest known. */
const kubernetesVersions = ["1.29", "1.37"]

const customKinds = new Map([
  ["external-secrets.io/v1 ExternalSecret", ExternalSecret.prototype.validate],
  ["monitoring.coreos.com/v1 PrometheusRule", PrometheusRule.prototype.validate]
])

/** What is wrong with these objects, an unknown field and an unknown kind included; nothing if all is well. */
export const problemsOf = (manifests: ReadonlyArray<Manifest>): ReadonlyArray<string> => {
  const core: Array<Manifest> = []
  const problems: Array<string> = []
  for (const manifest of manifests) {
    const validate = customKinds.get(`${manifest.apiVersion} ${manifest.kind}`)
    if (validate === undefined) core.push(manifest)
    else problems.push(...problemsOfCustom(manifest, validate))
  }
  return [...problems, ...problemsOfCore(core)]
}

/** Each object must have passed in each version by name: a kind without a schema is a mere warning there. */
const problemsOfCore = (manifests: ReadonlyArray<Manifest>): ReadonlyArray<string> => {
  const directory = mkdtempSync(join(tmpdir(), "broker-sync-manifests-"))
  try {
    const file = join(directory, "manifests.yaml")
    writeFileSync(file, manifests.map((manifest) => stringify(manifest)).join("---\n"))
    const told = python([
      "-m",
      "kubernetes_validate",
      "--strict",
      ...kubernetesVersions.flatMap((v) => ["-k", v]),
      file
    ])
    return [
      ...told.filter((line) => !line.startsWith("INFO ")),
      ...manifests.flatMap(({ kind, metadata }) =>
        kubernetesVersions
          .filter((version) =>
            !told.some((line) =>
              line.startsWith("INFO ")
              && line.endsWith(` resource ${kind.toLowerCase()}/${metadata.name} against version ${version}`)
            )
          )
          .map((version) => `${kind}/${metadata.name} did not pass for version ${version}`)
      )
    ]
  } finally {
    rmSync(directory, { recursive: true })
  }
}

/** Its lines, however it ends. */
const python = (args: ReadonlyArray<string>): ReadonlyArray<string> => {
  const env = { ...process.env, PYTHONPATH: tools().validate }
  try {
    return lines(execFileSync("python3", args, { encoding: "utf8", env }))
  } catch (error) {
    const { stdout } = error as { readonly stdout?: string }
    if (stdout === undefined || stdout === "") throw error
    return lines(stdout)
  }
}

const lines = (text: string) => text.split("\n").filter((line) => line !== "")

/**
 * These schemas let unknown fields through. What is never looked at while an object is checked is in no schema, so the
 * object notes what is read of it.
 */
const problemsOfCustom = (manifest: Manifest, validate: () => void): ReadonlyArray<string> => {
  const { kind, metadata: { name } } = manifest
  const unread = new Set<string>()
  try {
    Reflect.apply(validate, noting(manifest, "", unread), [])
  } catch (error) {
    return [`${kind}/${name}: ${error instanceof Error ? error.message : String(error)}`]
  }
  return [...unread].map((path) => `${kind}/${name}: unknown field ${path}`)
}

const noting = <T extends object>(value: T, path: string, unread: Set<string>): T => {
  const seen = new Map<PropertyKey, unknown>()
  for (const key of Object.keys(value)) unread.add(`${path}/${key}`)
  return new Proxy(value, {
    get: (target, key) => {
      if (seen.has(key)) return seen.get(key)
      const own: unknown = Reflect.get(target, key)
      if (typeof key === "symbol" || !Object.hasOwn(target, key)) return own
      const below = `${path}/${key}`
      unread.delete(below)
      const answer = typeof own === "object" && own !== null ? noting(own, below, unread) : own
      seen.set(key, answer)
      return answer
    }
  })
}
