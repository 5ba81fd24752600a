import { afterAll, assert, beforeAll, it } from "@effect/vitest"
import { chown, mkdir, mkdtemp, readdir, readFile, rm, stat } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import manifest from "../../package.json" with { type: "json" }
import { startFlex } from "../support/FlexServer.ts"
import { startWealthfolio } from "../support/WealthfolioServer.ts"
import { images, makeBases } from "./base.ts"
import { type Buildah, buildahIn, type Image, type Manifest } from "./buildah.ts"
import { inContainer } from "./container.ts"
import { defaults, stages } from "./dockerfile.ts"
import { registrySecrets } from "./registry.ts"
import { requireTools } from "./requirements.ts"

// Built as the Dockerfile says, of a base that stands in for the official one: nothing is asked but package registries.
const name = "localhost/broker-sync"
const labels = {
  REVISION: "0123456789abcdef",
  CREATED: "2026-01-03T02:00:00Z",
  SOURCE: "https://example.org/broker-sync"
}

let dir = ""
let secrets: ReadonlyArray<string> = []
let buildah: Buildah
let image: Image
let base = ""
let root = ""
let hosts: ReadonlyArray<string> = []

const build = async (tag: string, runtime: string) => {
  const args = { BUILD_IMAGE: images.build, RUNTIME_IMAGE: runtime, VERSION: manifest.version, ...labels }
  const given = Object.entries(args).flatMap(([key, value]) => ["--build-arg", `${key}=${value}`])
  await buildah.buildah("bud", "--layers", "--pull-never", ...given, ...secrets, "--tag", tag, ".")
}

beforeAll(async () => {
  requireTools()
  dir = await mkdtemp(join(tmpdir(), "broker-sync-image-"))
  buildah = await buildahIn(dir)
  const { mirrors, root: made } = await makeBases(buildah, dir, "bookworm")
  base = made
  const { flags, host } = await registrySecrets(dir)
  hosts = [host, ...mirrors]
  secrets = flags
  await build(name, images.runtime)
  image = await buildah.inspect(name)
  root = await buildah.buildah("mount", await buildah.buildah("from", "--pull-never", name))
})

afterAll(async () => {
  await buildah?.remove()
  if (dir !== "") await rm(dir, { recursive: true, force: true })
})

const layers = (): Manifest["layers"] => (JSON.parse(image.Manifest) as Manifest).layers

/** An empty volume of the image's user. */
const volume = async (volumeName: string) => {
  const path = join(dir, volumeName)
  await mkdir(path, { mode: 0o700 })
  await chown(path, 10001, 10001)
  return path
}

/** Everything in a tree, by its path in it. */
const tree = async (path: string) => {
  const entries = await readdir(path, { recursive: true, withFileTypes: true })
  return entries.map((entry) => join(entry.parentPath, entry.name).slice(path.length)).sort()
}

it("is made for the Node of the lockfile, and says the release of package.json", () => {
  assert.deepStrictEqual(defaults("NODE_VERSION"), [manifest.devDependencies.node])
  assert.deepStrictEqual(defaults("VERSION"), [manifest.version, manifest.version])
})

it("runs nothing in the stage that is shipped, which needs no shell and no emulation then", () => {
  const keywords = stages.at(-1)?.instructions.map(({ keyword }) => keyword) ?? []
  assert.include(keywords, "ENTRYPOINT")
  assert.notInclude(keywords, "RUN")
  assert.deepStrictEqual(stages.map((stage) => stage.name), [undefined, "build", "sbom", undefined])
})

it("shows its size and layers", () => {
  const history = image.OCIv1.history.filter((step) => step.empty_layer !== true)
  const lines = layers().map(({ size }, index) => {
    const made = history[index]?.created_by.replace("/bin/sh -c #(nop) ", "") ?? ""
    return `  ${(size / 1e6).toFixed(2).padStart(8)} MB  ${index === 0 ? "base" : made}`
  })
  const own = layers().slice(1).reduce((sum, { size }) => sum + size, 0)
  const all = layers().reduce((sum, { size }) => sum + size, 0)
  console.log(
    `the image (${buildah.driver}): ${(all / 1e6).toFixed(1)} MB unpacked, ${(own / 1e6).toFixed(2)} MB of it ours\n${
      lines.join("\n")
    }`
  )
  assert.isBelow(own, 3e6)
  assert.isBelow(all, 300e6)
})

it("adds to its base the bundle, the bill of materials and /data, and nothing else", async () => {
  const before = new Set(await tree(base))
  const added = (await tree(root)).filter((path) => !before.has(path))
  assert.deepStrictEqual(added, ["/app", "/app/broker-sync.mjs", "/app/sbom.json", "/data"])
})

it("has the bundle that npm run build makes", async () => {
  const [inside, outside] = await Promise.all([
    readFile(join(root, "app/broker-sync.mjs")),
    readFile("dist/broker-sync.mjs")
  ])
  assert.isTrue(inside.equals(outside))
})

it("runs as 10001, without a shell, on /data, which is that user's alone", async () => {
  const { config } = image.OCIv1
  assert.strictEqual(config.User, "10001:10001")
  assert.deepStrictEqual(config.Entrypoint, ["node", "/app/broker-sync.mjs"])
  assert.deepStrictEqual(config.Cmd, ["ibkr"])
  assert.deepStrictEqual(Object.keys(config.Volumes), ["/data"])
  assert.includeMembers([...config.Env], ["NODE_ENV=production", "BROKER_SYNC_DATA_DIR=/data"])
  const data = await stat(join(root, "data"))
  assert.deepStrictEqual([data.uid, data.gid, data.mode & 0o777], [10001, 10001, 0o700])
  for (const path of ["", "app", "app/broker-sync.mjs", "app/sbom.json"]) {
    const { gid, mode, uid } = await stat(join(root, path))
    assert.deepStrictEqual([path, uid, gid, mode & 0o022], [path, 0, 0, 0])
  }
})

it("says in its labels what it is and where it is from", () => {
  const label = (key: string) => image.OCIv1.config.Labels[`org.opencontainers.image.${key}`]
  assert.deepStrictEqual(
    ["title", "description", "licenses", "version", "revision", "created", "source", "base.name"].map(label),
    [
      manifest.name,
      manifest.description,
      manifest.license,
      manifest.version,
      labels.REVISION,
      labels.CREATED,
      labels.SOURCE,
      images.runtime
    ]
  )
})

it("lists what is in the bundle, with its versions", async () => {
  const lock = JSON.parse(await readFile("package-lock.json", "utf8"))
  const sbom = JSON.parse(await readFile(join(root, "app/sbom.json"), "utf8"))
  assert.strictEqual(sbom.bomFormat, "CycloneDX")
  assert.deepStrictEqual([sbom.metadata.component.name, sbom.metadata.component.version], [
    manifest.name,
    manifest.version
  ])
  const components: ReadonlyArray<{ name: string; version: string }> = sbom.components
  const listed = new Map(components.map(({ name: component, version }) => [component, version]))
  for (const [dependency, version] of Object.entries(manifest.dependencies)) {
    assert.strictEqual(listed.get(dependency), version, dependency)
  }
  const packages: Readonly<Record<string, { version: string; dev?: boolean }>> = lock.packages
  const production = Object.entries(packages).flatMap(([path, { dev, version }]) =>
    path === "" || dev === true ? [] : [[path.replace(/^.*node_modules\//, ""), version] as const]
  )
  assert.deepStrictEqual(new Map([...listed].sort()), new Map(production.sort()))
})

it("tells neither the registry it was built from nor what opened it", async () => {
  const told = [
    await buildah.buildah("inspect", "--type", "image", name),
    await readFile(join(root, "app/sbom.json"), "utf8")
  ]
  for (const text of told) {
    for (const word of [...hosts, "npmrc", "_auth", "BEGIN CERTIFICATE", "/run/secrets"]) {
      assert.notInclude(text, word)
    }
  }
})

it("tells its version, started by buildah as its configuration says", async () => {
  const container = await buildah.buildah("from", "--pull-never", name)
  const { Entrypoint } = image.OCIv1.config
  assert.strictEqual(await buildah.buildah("run", container, "--", ...Entrypoint, "version"), manifest.version)
  const node = await buildah.buildah("run", container, "--", "node", "-p", "`${process.version} ${process.getuid()}`")
  assert.strictEqual(node, `v${manifest.devDependencies.node} 10001`)
})

it("can write to /data and /tmp alone, whoever it runs as", async () => {
  const data = await volume("writable")
  const probe = `const { existsSync, readFileSync, writeFileSync } = require("node:fs")
    const write = (path) => { try { writeFileSync(path, "x"); return "written" } catch (error) { return error.code } }
    const places = ["/x", "/app/x", "/app/broker-sync.mjs", "/etc/x", "/var/tmp/x", "/data/x", "/tmp/x"]
    const status = readFileSync("/proc/self/status", "utf8")
    console.log(JSON.stringify({
      places: Object.fromEntries(places.map((path) => [path, write(path)])),
      ids: [process.getuid(), process.getgid(), process.getgroups()],
      shells: ["/bin/sh", "/bin/bash", "/usr/bin/env"].filter((path) => existsSync(path)),
      capabilities: /CapEff:\\s*(\\w+)/.exec(status)[1],
      noNewPrivileges: /NoNewPrivs:\\s*(\\d)/.exec(status)[1]
    }))`
  const places = {
    "/x": "EROFS",
    "/app/x": "EROFS",
    "/app/broker-sync.mjs": "EROFS",
    "/etc/x": "EROFS",
    "/var/tmp/x": "EROFS",
    "/data/x": "written",
    "/tmp/x": "written"
  }
  const asUser = await inContainer(["node", "-e", probe], { root, data, image })
  assert.deepStrictEqual(JSON.parse(asUser.out), {
    places: { ...places, "/app/broker-sync.mjs": "EROFS" },
    ids: [10001, 10001, [10001]],
    shells: [],
    capabilities: "0000000000000000",
    noNewPrivileges: "1"
  })
  const asRoot = await inContainer(["node", "-e", probe], { root, data, image, user: "0:0" })
  assert.deepStrictEqual(JSON.parse(asRoot.out).places, places)
})

it("runs two nights of the demo on a read-only root, without a shell", async () => {
  const data = await volume("nights")
  const wealthfolio = await startWealthfolio({ password: "demo password", recomputeMillis: 1000 })
  const flex = await startFlex({ statement: await readFile("fixtures/week.xml", "utf8") })
  const env = {
    IBKR_FLEX_TOKEN: "demo-token-0123456789",
    IBKR_FLEX_QUERY_ID: "123456",
    IBKR_FLEX_BASE_URL: flex.url,
    IBKR_FLEX_POLL_INTERVAL: "100 millis",
    IBKR_ACCOUNT_ID: wealthfolio.addAccount({ name: "Interactive Brokers (UK)" }).id,
    IBKR_ACCOUNT_ID_UPSTREAM: "U1234567",
    WF_BASE_URL: wealthfolio.url,
    WF_PASSWORD: "demo password"
  }
  const { Cmd, Entrypoint } = image.OCIv1.config
  const night = async () => {
    const { code, err, out } = await inContainer([...Entrypoint, ...Cmd], { root, data, image, env })
    assert.strictEqual(code, 0, err)
    return JSON.parse(out)
  }
  const first = await night()
  const rows = wealthfolio.state.activities.size
  assert.isAbove(rows, 0)
  assert.strictEqual(first.counts.imported, rows)
  const second = await night()
  assert.deepInclude(second.counts, { imported: 0, alreadySynced: rows, skipped: 0 })
  assert.isTrue(second.reconciled)
  for (const { drift } of [...second.positions, ...second.cash]) assert.strictEqual(drift, "0")
  const kept = await stat(join(data, "sync.db"))
  assert.deepStrictEqual([kept.uid, kept.gid, kept.mode & 0o077], [10001, 10001, 0])
  await flex.close()
  await wealthfolio.close()
})

it("is built for another processor as well, on a base of which nothing can be run", async () => {
  const other = process.arch === "arm64" ? "amd64" : "arm64"
  const empty = await buildah.buildah("from", "scratch")
  await buildah.buildah("config", "--arch", other, empty)
  await buildah.buildah("commit", "--rm", empty, "localhost/other-base")
  // buildah takes the processor from the base; a --platform it would want of the base of the build, too.
  await build("localhost/other", "localhost/other-base")
  const { architecture, config } = (await buildah.inspect("localhost/other")).OCIv1
  assert.strictEqual(architecture, other)
  assert.deepStrictEqual([config.User, config.Entrypoint], ["10001:10001", ["node", "/app/broker-sync.mjs"]])
  const files = await buildah.buildah("mount", await buildah.buildah("from", "--pull-never", "localhost/other"))
  assert.deepStrictEqual(await tree(files), ["/app", "/app/broker-sync.mjs", "/app/sbom.json", "/data"])
  const [here, there] = await Promise.all([root, files].map((path) => readFile(join(path, "app/broker-sync.mjs"))))
  assert.isTrue(here?.equals(there ?? Buffer.alloc(0)))
})
