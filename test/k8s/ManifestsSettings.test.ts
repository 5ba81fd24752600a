import { assert, describe, it } from "@effect/vitest"
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import packageJson from "../../package.json" with { type: "json" }
import { fixture, password, startWorld, token, type World } from "../e2e/support.ts"
import { broker } from "../support/bundle.ts"
import { settingNames } from "../support/documents.ts"
import { containerOf, type CronJob, cronJobs, documents, type Manifest, one, podOf, render, root } from "./render.ts"

/** Those of the runbook, and what the runbook's program had in its deployment. */
const keys = [
  "ibkr_account_id",
  "ibkr_account_id_upstream",
  "ibkr_flex_query_id",
  "ibkr_flex_token",
  "ibkr_flex_token_expires",
  "wf_base_url",
  "wf_password"
]

interface Secret extends Manifest {
  readonly stringData: Readonly<Record<string, string>>
}

interface ConfigMap extends Manifest {
  readonly data: Readonly<Record<string, string>>
}

const template = one<Secret>(documents(readFileSync(`${root}k8s/base/secret.template.yaml`, "utf8")), "Secret")
const secretsPath = "/run/secrets/broker-sync"

const overlays = ["base", "overlays/vault", "overlays/family", "overlays/twice-daily"]
const all: ReadonlyArray<[string, ReadonlyArray<Manifest>, CronJob]> = overlays.flatMap((overlay) =>
  cronJobs(render(overlay)).map((job): [string, ReadonlyArray<Manifest>, CronJob] => [
    `${overlay} ${job.metadata.name}`,
    render(overlay),
    job
  ])
)

/** What the pod has in its environment, with its volumes under `directory`. */
const environmentOf = (manifests: ReadonlyArray<Manifest>, cronJob: CronJob, directory: string) => {
  const { env, envFrom } = containerOf(cronJob)
  return {
    ...Object.assign(
      {},
      ...envFrom.map(({ configMapRef }) => one<ConfigMap>(manifests, "ConfigMap", configMapRef.name).data)
    ) as Record<string, string>,
    ...Object.fromEntries(env.map(({ name, value }) => [name, value.startsWith("/") ? join(directory, value) : value]))
  }
}

describe.each(all)("%s", (_, manifests, cronJob) => {
  it("sets only what the program reads", () => {
    const names = Object.keys(environmentOf(manifests, cronJob, "/"))
    for (const name of names) assert.isTrue(settingNames.has(name.replace(/_FILE$/, "")), name)
    assert.strictEqual(new Set(names).size, names.length)
  })

  it("reads each key of the secret from a file, by the setting of the same name", () => {
    const files = containerOf(cronJob).env.filter(({ name }) => name.endsWith("_FILE"))
    assert.deepStrictEqual(files.map(({ value }) => value).sort(), keys.map((key) => `${secretsPath}/${key}`))
    for (const { name, value } of files) {
      assert.strictEqual(value, `${secretsPath}/${name.replace(/_FILE$/, "").toLowerCase()}`)
    }
  })

  it("mounts a secret that may be missing, readable by the group alone", () => {
    const volume = podOf(cronJob).volumes.find(({ name }) => name === "secrets")
    assert.deepInclude(volume?.secret, { defaultMode: 0o440, optional: true })
    const mount = containerOf(cronJob).volumeMounts.find(({ name }) => name === "secrets")
    assert.strictEqual(mount?.mountPath, secretsPath)
  })

  it("has a symbol map, a JSON object without entries", () => {
    const volume = podOf(cronJob).volumes.find(({ name }) => name === "symbol-map")
    const { data } = one<ConfigMap>(manifests, "ConfigMap", volume?.configMap?.name)
    assert.deepStrictEqual(Object.keys(data), ["symbol-map.json"])
    assert.deepStrictEqual(JSON.parse(data["symbol-map.json"] ?? ""), {})
  })

  it("is the image of this release, under a name that is nobody's", () => {
    assert.strictEqual(containerOf(cronJob).image, `broker-sync:${packageJson.version}`)
  })
})

describe("the secret", () => {
  it("its template has every key, and no value that could be taken for one", () => {
    assert.strictEqual(template.metadata.name, "broker-sync-secrets")
    assert.strictEqual(template.metadata.namespace, "broker-sync")
    assert.deepStrictEqual(Object.keys(template.stringData).sort(), keys)
    for (const value of Object.values(template.stringData)) assert.strictEqual(value, "")
  })

  it("its copy is ignored by git", () => {
    assert.include(readFileSync(`${root}k8s/.gitignore`, "utf8").split("\n"), "secret.yaml")
  })

  it("from Vault it is all of secret/broker-sync, under the name that the CronJob mounts", () => {
    interface ExternalSecret extends Manifest {
      readonly spec: { readonly refreshInterval: string; readonly target: object; readonly dataFrom: unknown }
    }
    const { metadata, spec } = one<ExternalSecret>(render("overlays/vault"), "ExternalSecret")
    const mounted = podOf(one(render("overlays/vault"), "CronJob")).volumes.find(({ name }) => name === "secrets")
    assert.strictEqual(metadata.name, "broker-sync-secrets")
    assert.strictEqual(mounted?.secret?.secretName, metadata.name)
    assert.notProperty(spec.target, "name", "the Secret has the name of the ExternalSecret")
    assert.strictEqual(spec.refreshInterval, "15m")
    assert.deepStrictEqual(spec.dataFrom, [{ extract: { key: "secret/broker-sync" } }])
  })
})

describe("the program, started as the CronJob starts it", () => {
  const base = render("base")
  const cronJob = one<CronJob>(base, "CronJob")

  /** Mounts these keys, and lets the kubelet's part of it be: who may read what. */
  const started = async (world: World, values: Readonly<Record<string, string>>) => {
    const directory = mkdtempSync(join(tmpdir(), "broker-sync-pod-"))
    try {
      for (const path of [secretsPath, "/etc/broker-sync", "/data"]) {
        mkdirSync(join(directory, path), { recursive: true })
      }
      for (const [key, value] of Object.entries(values)) writeFileSync(join(directory, secretsPath, key), value)
      const { data } = one<ConfigMap>(base, "ConfigMap", "broker-sync-symbol-map")
      for (const [file, text] of Object.entries(data)) writeFileSync(join(directory, "/etc/broker-sync", file), text)
      const run = await broker(containerOf(cronJob).args, {
        // One stream, as a container's log is.
        through: ["sh", "-c", "exec \"$@\" 2>&1", "sh"],
        cwd: directory,
        env: {
          ...environmentOf(base, cronJob, directory),
          IBKR_FLEX_BASE_URL: world.flex.url,
          IBKR_FLEX_POLL_INTERVAL: "20 millis"
        }
      })
      const modeOf = (path: string) => (statSync(join(directory, path), { throwIfNoEntry: false })?.mode ?? 0) & 0o777
      return { ...run, store: modeOf("data/sync.db"), session: modeOf("data/wealthfolio-session") }
    } finally {
      rmSync(directory, { recursive: true })
    }
  }

  const filledIn = (world: World): Readonly<Record<string, string>> => ({
    ibkr_flex_token: token,
    ibkr_flex_query_id: "123456",
    ibkr_account_id: world.account.id,
    ibkr_account_id_upstream: "U1234567",
    wf_base_url: world.wealthfolio.url,
    wf_password: password
  })

  it("a filled-in secret is all it needs", async () => {
    await using world = await startWorld({ flex: { statement: await fixture("week.xml") } })
    const run = await started(world, { ...filledIn(world), wf_password: `${password}\n` })
    assert.strictEqual(run.code, 0, run.stdout)
    assert.notStrictEqual(run.store, 0)
    assert.strictEqual(run.session, 0o600)
  })

  it.each<[string, Readonly<Record<string, string>>]>([
    ["no secret at all", {}],
    ["the template as it is", template.stringData ?? {}]
  ])("%s: exit 2, with each name that is missing", async (_, values) => {
    await using world = await startWorld()
    const { code, stdout } = await started(world, values)
    assert.strictEqual(code, 2)
    const names = [
      "IBKR_FLEX_TOKEN",
      "IBKR_FLEX_QUERY_ID",
      "IBKR_ACCOUNT_ID",
      "IBKR_ACCOUNT_ID_UPSTREAM",
      "WF_BASE_URL"
    ]
    for (const name of names) assert.include(stdout, `${name} not provided`)
    assert.notInclude(stdout, "WF_PASSWORD")
    assert.notInclude(stdout, "IBKR_FLEX_TOKEN_EXPIRES")
  })

  /** What the kubelet keeps of a log as the termination message. */
  const terminationMessage = ({ stdout }: { readonly stdout: string }) => stdout.slice(-2048)

  it("the termination message of a failed run says what went wrong", async () => {
    await using world = await startWorld()
    const message = terminationMessage(await started(world, {}))
    assert.include(message, "IBKR_FLEX_TOKEN not provided")
    assert.include(message, "\"exitCode\": 2")
  })

  it("also where its report is long", async () => {
    await using world = await startWorld({ flex: { statement: await fixture("week.xml") } })
    world.wealthfolio.faults.next(
      ({ body, path }) => path.endsWith("/activities/bulk") && JSON.stringify(body).includes("ibkr:cash:70000000206"),
      { kind: "status", status: 400, when: "before", text: "Database operation failed: CHECK constraint failed" },
      20
    )
    const run = await started(world, filledIn(world))
    assert.strictEqual(run.code, 9, run.stdout)
    assert.isAbove(run.stdout.length, 6000)
    assert.match(terminationMessage(run), /"level":"error"[^\n]*"exitCode":9[^\n]*\n$/)
  })
})
