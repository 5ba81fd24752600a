import { assert, describe, it } from "@effect/vitest"
import { execFileSync, spawnSync } from "node:child_process"
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"
import { problemsOf } from "./ManifestsStrict.ts"
import { containerOf, type CronJob, cronJobs, type Manifest, one, type Pod, podOf, render, root } from "./render.ts"
import type { Call, Scenario } from "./RunKubectl.ts"

interface Job extends Manifest {
  readonly metadata: Manifest["metadata"] & { readonly ownerReferences: ReadonlyArray<unknown> }
  readonly spec: { readonly backoffLimit: number; readonly template: { readonly spec: Pod } }
}

interface Ran {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
  readonly calls: ReadonlyArray<Call>
  /** What was made in the cluster. */
  readonly jobs: ReadonlyArray<Job>
}

const base = one<CronJob>(render("base"), "CronJob")
const good: Scenario = { phases: ["Succeeded"], log: "a line\n", exitCode: 0 }

const run = (
  args: ReadonlyArray<string>,
  scenario: Scenario = good,
  options: { readonly env?: Readonly<Record<string, string>>; readonly cronJob?: CronJob; readonly stdin?: string } = {}
): Ran => {
  const folder = mkdtempSync(join(tmpdir(), "broker-sync-run-"))
  try {
    const kubectl = join(folder, "kubectl")
    const played = fileURLToPath(new URL("RunKubectl.ts", import.meta.url))
    writeFileSync(kubectl, `#!/bin/sh\nexec "${process.execPath}" "${played}" "$@"\n`)
    chmodSync(kubectl, 0o755)
    writeFileSync(join(folder, "scenario.json"), JSON.stringify(scenario))
    writeFileSync(join(folder, "cronjob.json"), JSON.stringify(options.cronJob ?? base))
    writeFileSync(join(folder, "calls.jsonl"), "")
    const { status, stderr, stdout } = spawnSync(`${root}k8s/run`, args, {
      encoding: "utf8",
      input: options.stdin ?? "",
      timeout: 60_000,
      env: {
        PATH: `${folder}:${process.env["PATH"]}`,
        FAKE_KUBECTL: folder,
        START_SECONDS: "1",
        ...options.env
      }
    })
    const calls = readFileSync(join(folder, "calls.jsonl"), "utf8").split("\n").filter((line) => line !== "").map(
      (line): Call => JSON.parse(line)
    )
    const jobs = calls
      .filter(({ args }) => args.includes("create") && args.includes("--filename=-"))
      .map(({ stdin }): Job => JSON.parse(stdin ?? ""))
    return { code: status, stdout, stderr, calls, jobs }
  } finally {
    rmSync(folder, { recursive: true })
  }
}

const onlyJob = ({ jobs }: Ran): Job => {
  assert.lengthOf(jobs, 1)
  return jobs[0]!
}

const argsOf = (ran: Ran) => onlyJob(ran).spec.template.spec.containers[0]?.args

describe("the Job", () => {
  it("is the CronJob's pod with other arguments", () => {
    const ran = run(["ibkr", "open-positions", "--yes"])
    assert.strictEqual(ran.code, 0, ran.stderr)
    const job = onlyJob(ran)
    assert.deepStrictEqual(argsOf(ran), ["ibkr", "open-positions", "--yes"])
    const { spec } = job.spec.template
    const container = { ...containerOf(base), args: ["ibkr", "open-positions", "--yes"] }
    assert.deepStrictEqual(spec, { ...podOf(base), containers: [container] })
    assert.deepStrictEqual(problemsOf([job]), [])
  })

  it("is tried once, belongs to no CronJob, and has a name of its own", () => {
    const { metadata, spec } = onlyJob(run(["version"]))
    assert.strictEqual(spec.backoffLimit, 0)
    assert.deepStrictEqual(metadata.ownerReferences, [])
    assert.match(metadata.name, /^broker-sync-ibkr-run-\d+$/)
  })

  it("arguments arrive as they are", () => {
    const args = [
      "ibkr",
      "ignore",
      "a b",
      "it's \"so\"",
      "back\\slash",
      "$HOME `id` *",
      "ibkr:fxcomm:2026-01-02",
      "",
      "€"
    ]
    assert.deepStrictEqual(argsOf(run(args)), args)
  })

  it("an argument with a line break is refused before anything is made", () => {
    const ran = run(["ibkr", "a\nb"])
    assert.strictEqual(ran.code, 125)
    assert.deepStrictEqual(ran.calls, [])
  })

  it("without arguments: how to use it, and nothing is made", () => {
    const ran = run([])
    assert.strictEqual(ran.code, 2)
    assert.match(ran.stderr, /^usage: k8s\/run/)
    assert.deepStrictEqual(ran.calls, [])
  })

  it.each(cronJobs(render("overlays/family")).map((job): [string, CronJob] => [job.metadata.name, job]))(
    "of another account: CRONJOB=%s",
    (name, cronJob) => {
      const ran = run(["ibkr", "status"], good, { cronJob, env: { CRONJOB: name } })
      assert.strictEqual(ran.code, 0, ran.stderr)
      assert.isTrue(onlyJob(ran).metadata.name.startsWith(`${name}-run-`))
      assert.isAtMost(onlyJob(ran).metadata.name.length, 63)
    }
  )

  it("in another namespace: every question and every order goes there", () => {
    const { calls } = run(["ibkr", "status"], good, { env: { NAMESPACE: "elsewhere" } })
    for (const { args } of calls.filter(({ args }) => !args.includes("--local"))) {
      assert.deepStrictEqual(args.slice(0, 2), ["--namespace", "elsewhere"])
    }
  })

  it("a name of a CronJob as long as can be is cut", () => {
    const cronJob = { ...base, metadata: { ...base.metadata, name: `broker-sync-${"x".repeat(40)}` } }
    const ran = run(["version"], good, { cronJob, env: { CRONJOB: cronJob.metadata.name } })
    assert.isAtMost(onlyJob(ran).metadata.name.length, 63)
  })

  const real = (process.env["PATH"] ?? "").split(":").map((path) => join(path, "kubectl"))
    .find((path) => statSync(path, { throwIfNoEntry: false })?.isFile())
  it.skipIf(real === undefined)("is made the same by a real kubectl", () => {
    const args = ["ibkr", "--file", "-", "it's \"so\"", "back\\slash"]
    const byRealOne = onlyJob(run(args, { ...good, patchWith: real! }))
    const name = byRealOne.metadata.name
    const played = onlyJob(run(args))
    assert.deepStrictEqual(byRealOne, { ...played, metadata: { ...played.metadata, name } })
    assert.deepStrictEqual(problemsOf([byRealOne]), [])
  })
})

describe("its end", () => {
  it.each([0, 1, 2, 9, 11, 130])("exit code %i is k8s/run's", (exitCode) => {
    const ran = run(["ibkr"], { phases: ["Failed"], log: "what went wrong\n", exitCode })
    assert.strictEqual(ran.code, exitCode)
    assert.strictEqual(ran.stdout, "what went wrong\n")
  })

  it("waits until the pod runs, and until its end is known", () => {
    const ran = run(["ibkr"], { phases: ["", "Pending", "Running"], log: "x\n", exitCode: 9, exitCodeAfter: 2 }, {
      env: { START_SECONDS: "30" }
    })
    assert.strictEqual(ran.code, 9)
    assert.lengthOf(ran.calls.filter(({ args }) => args.includes("logs")), 1)
    assert.deepStrictEqual(ran.jobs.length, 1)
  })

  it("of a Job that failed by its policy it is still the pod's code", () => {
    const failure = "Container broker-sync failed with exit code 3 matching FailJob rule at index 1"
    assert.strictEqual(run(["ibkr"], { phases: ["Failed"], exitCode: 3, failure }).code, 3)
  })

  it("a pod that does not start: why, and the Job is deleted, so that it does not start later", () => {
    const ran = run(["ibkr"], { phases: ["Pending"], waitingReason: "ImagePullBackOff" })
    assert.strictEqual(ran.code, 125)
    assert.match(ran.stderr, /did not start within 1 seconds.*ImagePullBackOff/)
    const deleted = ran.calls.filter(({ args }) => args.includes("delete"))
    assert.deepStrictEqual(deleted.map(({ args }) => args.at(-1)), [onlyJob(ran).metadata.name])
  })

  it("a Job that failed without a pod: why", () => {
    const ran = run(["ibkr"], { phases: [""], failure: "pods is forbidden" })
    assert.strictEqual(ran.code, 125)
    assert.match(ran.stderr, /failed before it started: pods is forbidden/)
  })

  it("a Job that was ended: why", () => {
    const ran = run(["ibkr"], { phases: ["Running"], failure: "active longer than its deadline", failureAfter: 1 })
    assert.strictEqual(ran.code, 125)
    assert.match(ran.stderr, /failed: active longer than its deadline/)
  })

  it("a pod that somebody deleted", () => {
    const ran = run(["ibkr"], { phases: ["Running"], podGone: true })
    assert.strictEqual(ran.code, 125)
    assert.match(ran.stderr, /is gone/)
  })

  it("no such CronJob", () => {
    const ran = run(["ibkr"], good, { env: { CRONJOB: "other" } })
    assert.strictEqual(ran.code, 125)
    assert.match(ran.stderr, /there is no CronJob other in broker-sync/)
    assert.deepStrictEqual(ran.jobs, [])
  })
})

describe("standard input", () => {
  it.each([[["ibkr", "--file", "-"]], [["ibkr", "--file=-", "--dry-run"]]])("%j gets it", (args) => {
    const ran = run(args, good, { stdin: "<FlexQueryResponse/>" })
    assert.strictEqual(ran.code, 0, ran.stderr)
    const container: unknown = onlyJob(ran).spec.template.spec.containers[0]
    assert.deepStrictEqual(container, { ...containerOf(base), args, stdin: true, stdinOnce: true })
    const attached = ran.calls.filter(({ args }) => args.includes("attach"))
    assert.deepStrictEqual(attached.map(({ stdin }) => stdin), ["<FlexQueryResponse/>"])
  })

  it("no other command does", () => {
    const ran = run(["ibkr", "--file", "/data/last.xml"], good, { stdin: "not for it" })
    assert.notProperty(onlyJob(ran).spec.template.spec.containers[0], "stdin")
    assert.isEmpty(ran.calls.filter(({ args }) => args.includes("attach")))
  })
})

it("is a script that any shell runs", () => {
  assert.strictEqual(statSync(`${root}k8s/run`).mode & 0o111, 0o111)
  assert.match(readFileSync(`${root}k8s/run`, "utf8"), /^#!\/bin\/sh\n/)
  execFileSync("sh", ["-n", `${root}k8s/run`], { cwd: dirname(root) })
})

describe("k8s/README.md", () => {
  const readme = readFileSync(`${root}k8s/README.md`, "utf8")

  it("has the manual trigger of the runbook, which names what there is", () => {
    const line = readme.split("\n").find((line) => line.startsWith("kubectl -n broker-sync create job"))
    assert.strictEqual(
      line,
      `kubectl -n ${base.metadata.namespace} create job --from=cronjob/${base.metadata.name} broker-sync-ibkr-manual-$(date +%s)`
    )
  })

  it("shows commands that k8s/run takes", () => {
    const shown = readme.split("\n").filter((line) => /^(CRONJOB=\S+ )?k8s\/run /.test(line))
    assert.isAtLeast(shown.length, 5)
    for (const name of shown.flatMap((line) => /^CRONJOB=(\S+)/.exec(line)?.[1] ?? [])) {
      assert.include(cronJobs(render("overlays/family")).map(({ metadata }) => metadata.name), name)
    }
  })

  it("names each folder there is", () => {
    const folders = readdirSync(`${root}k8s/overlays`).map((name) => `overlays/${name}`)
      .concat(readdirSync(`${root}k8s/components`).map((name) => `components/${name}`), "base")
    for (const folder of folders) assert.include(readme, `| \`${folder}\` |`)
  })
})
