import { assert, describe, it } from "@effect/vitest"
import { spawnSync } from "node:child_process"
import { chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { parse } from "yaml"
import manifest from "../package.json" with { type: "json" }

interface Step {
  readonly name?: string
  readonly uses?: string
  readonly run?: string
  readonly with?: Readonly<Record<string, unknown>>
  readonly env?: Readonly<Record<string, string>>
}

interface Job {
  readonly permissions?: Readonly<Record<string, string>>
  readonly steps: ReadonlyArray<Step>
  readonly "timeout-minutes"?: number
}

interface Workflow {
  readonly on: Readonly<Record<string, unknown>>
  readonly permissions: unknown
  readonly concurrency?: { readonly group: string }
  readonly jobs: Readonly<Record<string, Job>>
}

const root = new URL("../", import.meta.url)
const textOf = (path: string) => readFileSync(new URL(path, root), "utf8")
const folder = ".github/workflows"
const texts = new Map(
  readdirSync(new URL(folder, root)).map((name): [string, string] => [name, textOf(`${folder}/${name}`)])
)
const workflows = [...texts].map(([name, text]): [string, Workflow] => [name, parse(text)])
const jobs = workflows.flatMap(([name, workflow]) =>
  Object.entries(workflow.jobs).map(([job, content]): [string, Job] => [`${name} ${job}`, content])
)
const steps = jobs.flatMap(([, { steps: all }]) => all)
const scripts = steps.flatMap(({ run }) => run === undefined ? [] : [run])
const dockerfile = textOf("Dockerfile")

describe("the workflows of a public forge", () => {
  it("are these, and start from no more than pushed code", () => {
    assert.sameMembers([...texts.keys()], ["ci.yml", "release.yml"])
    const triggers = Object.fromEntries(workflows.map(([name, workflow]) => [name, workflow.on]))
    assert.deepStrictEqual(triggers, {
      "ci.yml": { push: { branches: ["main"] }, pull_request: null },
      "release.yml": { push: { tags: ["v*"] } }
    })
  })

  it("have the least permissions, job by job", () => {
    for (const [name, { concurrency, permissions }] of workflows) {
      assert.deepStrictEqual(permissions, {}, name)
      assert.isString(concurrency?.group, name)
    }
    const more: Readonly<Record<string, Record<string, string>>> = {
      "release.yml image": {
        contents: "read",
        packages: "write",
        "id-token": "write",
        attestations: "write"
      },
      "release.yml announce": { actions: "read", contents: "write" }
    }
    for (const [name, { permissions }] of jobs) {
      assert.deepStrictEqual(permissions, more[name] ?? { contents: "read" }, name)
    }
  })

  it("end in good time", () => {
    for (const [name, job] of jobs) {
      assert.isAtLeast(job["timeout-minutes"] ?? 0, 5, name)
      assert.isAtMost(job["timeout-minutes"] ?? 0, 60, name)
    }
  })

  it("use actions by their commit, one of each, with its version beside it", () => {
    const versions = new Map<string, Set<string>>()
    for (const text of texts.values()) {
      for (const line of text.split("\n").filter((candidate) => /^\s*(- )?uses:/.test(candidate))) {
        const [, action = "", commit] = /uses: ([\w.-]+\/[\w.-]+)@([0-9a-f]{40} # v\d+\.\d+\.\d+)$/.exec(line) ?? []
        assert.isDefined(commit, line)
        versions.set(action, (versions.get(action) ?? new Set()).add(commit ?? ""))
      }
    }
    for (const [action, commits] of versions) assert.strictEqual(commits.size, 1, action)
    const used = steps.flatMap(({ uses }) => uses === undefined ? [] : [uses])
    assert.sameMembers([...new Set(used.map((use) => use.split("@")[0] ?? ""))], [...versions.keys()])
    for (const step of steps.filter(({ uses }) => uses?.startsWith("actions/checkout@"))) {
      assert.strictEqual(step.with?.["persist-credentials"], false)
    }
  })

  it("give scripts what is not theirs as variables alone, and show no secret", () => {
    for (const script of scripts) {
      assert.notInclude(script, "${{")
      assert.notMatch(script, /\b(echo|printf|cat|env|set -x)\b[^\n|]*TOKEN/)
    }
    const secrets = [...texts.values()].flatMap((text) => text.match(/secrets\.\w+|secrets:\s*\w+/g) ?? [])
    assert.deepStrictEqual([...new Set(secrets)], ["secrets.GITHUB_TOKEN"])
    for (const { run, with: inputs } of steps) assert.notInclude(JSON.stringify([run, inputs]), "secrets.")
    for (const [name, text] of texts) {
      const pulled = "pull_request" in (workflows.find(([other]) => other === name)?.[1].on ?? {})
      if (pulled) assert.notInclude(text, "secrets.")
    }
  })

  it("name scripts, files and build arguments that there are", () => {
    for (const [, name = ""] of scripts.join("\n").matchAll(/npm run (?:--silent )?([\w:-]+)/g)) {
      assert.isTrue(name in manifest.scripts, name)
    }
    for (const [, path = ""] of scripts.join("\n").matchAll(/(?:^|[\s<])((?:\.ci|fixtures|k8s)\/[\w./-]+)/g)) {
      assert.isTrue(existsSync(new URL(path, root)), path)
    }
    for (const [, name = ""] of scripts.join("\n").matchAll(/--build-arg (\w+)=/g)) {
      assert.match(dockerfile, new RegExp(`^ARG ${name}(=|$)`, "m"), name)
    }
    for (const [, name = ""] of scripts.join("\n").matchAll(/--target (\w+)/g)) {
      assert.match(dockerfile, new RegExp(`^FROM .* AS ${name}$`, "m"), name)
    }
  })

  it("are scripts that the shell can read", () => {
    for (const script of scripts) {
      const { status, stderr } = spawnSync("bash", ["-n"], { input: script, encoding: "utf8" })
      assert.strictEqual(status, 0, `${stderr}${script}`)
    }
  })

  it("build the image for both processors, of one base that is pinned by its digest", () => {
    const builds = scripts.flatMap((script) => script.split(/(?=docker buildx build)/)).filter((script) =>
      script.startsWith("docker buildx build")
    )
    assert.isAtLeast(builds.length, 4)
    for (const build of builds) {
      assert.include(build, "--build-arg BUILD_IMAGE=\"$BASE\"")
      if (!build.includes("--target")) assert.include(build, "--build-arg RUNTIME_IMAGE=\"$BASE\"")
    }
    const release = builds.filter((build) => build.includes("--push"))
    assert.lengthOf(release, 1)
    for (const part of ["linux/amd64,linux/arm64", "type=provenance,mode=max", "type=sbom", "VERSION=", "CREATED="]) {
      assert.include(release[0], part)
    }
  })
})

describe("the pin of the base", () => {
  const digest = `sha256:${"0123456789abcdef".repeat(4)}`
  const tag = `docker.io/library/node:${manifest.devDependencies.node}-bookworm-slim`

  /** Runs the step with a docker that answers so. */
  const pin = (script: string, answer: string, env: Readonly<Record<string, string>> = {}) => {
    const dir = mkdtempSync(join(tmpdir(), "broker-sync-pin-"))
    const docker = join(dir, "docker")
    writeFileSync(docker, `#!/bin/sh\necho "$@" >> "${dir}/asked"\necho "${answer}"\n`)
    chmodSync(docker, 0o755)
    const { status } = spawnSync("bash", ["--noprofile", "--norc", "-eo", "pipefail", "-c", script], {
      cwd: root,
      env: {
        PATH: `${dir}:${process.env["PATH"]}`,
        GITHUB_ENV: join(dir, "env"),
        GITHUB_REPOSITORY: "Some/Where",
        ...env
      }
    })
    const read = (name: string) => existsSync(join(dir, name)) ? readFileSync(join(dir, name), "utf8") : ""
    const outcome = { status, env: read("env"), asked: read("asked") }
    rmSync(dir, { recursive: true })
    return outcome
  }

  const pins = steps.filter(({ name }) => name === "Pin the base by its digest").map(({ run = "" }) => run)

  it("is the digest of the tag that the Dockerfile names, unless one is set", () => {
    assert.lengthOf(pins, 2)
    for (const script of pins) {
      const resolved = pin(script, digest)
      assert.include(resolved.env, `BASE=${tag}@${digest}\n`)
      assert.include(resolved.asked, tag)
      const other = digest.replace("0", "f")
      const set = pin(script, digest, { DIGEST: other })
      assert.include(set.env, `BASE=${tag}@${other}\n`)
      assert.strictEqual(set.asked, "")
    }
  })

  it("is nothing else", () => {
    for (const script of pins) {
      for (const answer of ["", "sha256:short", `${digest}x`]) {
        const { env, status } = pin(script, answer)
        assert.notStrictEqual(status, 0)
        assert.notInclude(env, "BASE=")
      }
    }
  })
})

describe("release notes", () => {
  const notes = (tag: string, changelog?: string) => {
    const dir = mkdtempSync(join(tmpdir(), "broker-sync-notes-"))
    const file = join(dir, "CHANGELOG.md")
    if (changelog !== undefined) writeFileSync(file, changelog)
    const args = changelog === undefined ? [tag] : [tag, file]
    const { status, stderr, stdout } = spawnSync(".ci/release-notes", args, { cwd: root, encoding: "utf8" })
    rmSync(dir, { recursive: true })
    return { status, stderr: stderr.trim(), stdout }
  }

  const changelog = `# Changelog

## [Unreleased]

- Not yet.

## [0.2.0] - 2026-03-01

### Added

- Two.

## [0.1.10] - 2026-02-01
## [0.1.1] - 2026-01-02

- One.

## [0.1.0] - not yet released

- Nought.

[0.2.0]: https://example.org/
`

  it("are the section of the tag, to the next one or the end", () => {
    assert.deepInclude(notes("v0.2.0", changelog), { status: 0, stdout: "### Added\n\n- Two.\n" })
    assert.deepInclude(notes("v0.1.1", changelog), { status: 0, stdout: "- One.\n" })
    const last = "## [1.0.0] - 2026-01-01\n\n- All.\n\n[1.0.0]: https://example.org/\n"
    assert.deepInclude(notes("v1.0.0", last), { status: 0, stdout: "- All.\n" })
  })

  it("fail where there are none", () => {
    const told = (tag: string) => {
      const { status, stderr, stdout } = notes(tag, changelog)
      assert.deepStrictEqual([status, stdout], [1, ""])
      return stderr
    }
    assert.strictEqual(told("v0.3.0"), "CHANGELOG.md says nothing of 0.3.0")
    assert.strictEqual(told("v0.1.10"), "CHANGELOG.md has nothing under 0.1.10")
    assert.strictEqual(told("v0.1.0"), "CHANGELOG.md has no day for 0.1.0: ## [0.1.0] - YYYY-MM-DD")
    for (const tag of ["0.2.0", "v0.2", "vUnreleased", "v0.2.0-1", ""]) {
      assert.strictEqual(told(tag), `a tag is v and a version, as in v0.1.0, not '${tag}'`)
    }
  })

  it("have a section of this release, and one for what comes next", () => {
    const headings = textOf("CHANGELOG.md").split("\n").filter((line) => line.startsWith("## "))
    assert.strictEqual(headings[0], "## [Unreleased]")
    assert.isTrue(headings[1]?.startsWith(`## [${manifest.version}] - `))
    // Until its day is known it cannot be released, and that is all that is missing.
    const { version } = manifest
    const noDay = `CHANGELOG.md has no day for ${version}: ## [${version}] - YYYY-MM-DD`
    assert.include(["", noDay], notes(`v${version}`).stderr)
  })
})
