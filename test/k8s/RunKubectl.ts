#!/usr/bin/env node
/**
 * A kubectl for k8s/run, put on the PATH as `kubectl`: notes each call and plays the cluster of `$FAKE_KUBECTL`, a folder
 * with scenario.json, cronjob.json and calls.jsonl.
 */
import { spawnSync } from "node:child_process"
import { appendFileSync, existsSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"

export interface Scenario {
  /** What each question for the pod's phase is answered with, the last one for good; "" is no pod. */
  readonly phases: ReadonlyArray<string>
  readonly log?: string
  readonly exitCode?: number
  /** How many questions come before the exit code is known. */
  readonly exitCodeAfter?: number
  /** Why the Job failed, as its condition tells, once it has been asked this often. */
  readonly failure?: string
  readonly failureAfter?: number
  readonly waitingReason?: string
  /** The pod is gone once its log has ended. */
  readonly podGone?: boolean
  /** A real kubectl to leave the local patch to. */
  readonly patchWith?: string
}

export interface Call {
  readonly args: ReadonlyArray<string>
  readonly stdin?: string
}

const folder = process.env["FAKE_KUBECTL"] ?? ""
const read = (name: string) => readFileSync(join(folder, name), "utf8")
const args = process.argv.slice(2)
const has = (...words: ReadonlyArray<string>) => words.every((word) => args.includes(word))

/** How often this was asked before. */
const count = (name: string): number => {
  const path = join(folder, `count-${name}`)
  const before = existsSync(path) ? Number(readFileSync(path, "utf8")) : 0
  writeFileSync(path, String(before + 1))
  return before
}

interface Operation {
  readonly op: string
  readonly path: string
  readonly value: unknown
}

/** The operations of JSON Patch that k8s/run uses; a parent that is not there is an error, as it is with kubectl. */
const patched = (target: object, operations: ReadonlyArray<Operation>): object => {
  for (const { op, path, value } of operations) {
    if (op !== "add") throw new Error(`${op} is not played`)
    const keys = path.split("/").slice(1)
    const last = keys.pop() ?? ""
    Reflect.set(keys.reduce<object>((at, key) => Reflect.get(at, key), target), last, value)
  }
  return target
}

const jobOf = (name: string) => {
  const cronJob = JSON.parse(read("cronjob.json"))
  return {
    apiVersion: "batch/v1",
    kind: "Job",
    metadata: {
      name,
      namespace: cronJob.metadata.namespace,
      annotations: { "cronjob.kubernetes.io/instantiate": "manual" },
      ownerReferences: [{ apiVersion: "batch/v1", kind: "CronJob", name: cronJob.metadata.name, uid: "1" }]
    },
    spec: cronJob.spec.jobTemplate.spec
  }
}

const pod = (scenario: Scenario, wanted: string): string => {
  const isGone = scenario.podGone === true && existsSync(join(folder, "count-logs"))
  if (wanted.includes("exitCode")) {
    const isKnown = count("exitCode") >= (scenario.exitCodeAfter ?? 0)
    return isKnown && !isGone ? `${scenario.exitCode ?? ""}` : ""
  }
  if (wanted.includes("metadata.name")) return isGone ? "" : "the-pod"
  if (wanted.includes("waiting.reason")) return scenario.waitingReason ?? ""
  const { phases } = scenario
  return phases[Math.min(count("phase"), phases.length - 1)] ?? ""
}

const answer = (scenario: Scenario, stdin: string): string => {
  if (has("create", "job")) {
    const from = `--from=cronjob/${JSON.parse(read("cronjob.json")).metadata.name}`
    if (!has(from)) throw new Error(`Error from server (NotFound): no such cronjob; there is ${from}`)
    return JSON.stringify(jobOf(args[args.indexOf("job") + 1] ?? ""))
  }
  if (has("patch", "--local")) {
    if (scenario.patchWith !== undefined) {
      const { status, stderr, stdout } = spawnSync(scenario.patchWith, args, { input: stdin, encoding: "utf8" })
      if (status !== 0) throw new Error(stderr)
      return stdout
    }
    const operations = args.find((word) => word.startsWith("--patch="))?.slice("--patch=".length) ?? ""
    return JSON.stringify(patched(JSON.parse(stdin), JSON.parse(operations)))
  }
  if (has("create")) return "job created\n"
  const wanted = args.find((word) => word.startsWith("--output=jsonpath="))?.slice("--output=jsonpath=".length) ?? ""
  if (has("get", "pods")) return pod(scenario, wanted)
  if (has("get", "job")) return count("job") >= (scenario.failureAfter ?? 0) ? scenario.failure ?? "" : ""
  if (has("logs")) {
    count("logs")
    return scenario.log ?? ""
  }
  if (has("attach") || has("delete", "job")) return ""
  throw new Error(`not played: ${args.join(" ")}`)
}

if (folder !== "") {
  const takesInput = has("--filename=-") || has("--stdin")
  const stdin = takesInput ? readFileSync(0, "utf8") : undefined
  appendFileSync(
    join(folder, "calls.jsonl"),
    `${JSON.stringify({ args, ...(stdin === undefined ? {} : { stdin }) } satisfies Call)}\n`
  )
  try {
    process.stdout.write(answer(JSON.parse(read("scenario.json")), stdin ?? ""))
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
    process.exitCode = 1
  }
}
