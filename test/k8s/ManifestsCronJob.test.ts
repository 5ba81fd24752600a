import { assert, describe, it } from "@effect/vitest"
import { exitCodes } from "../../src/Failure.ts"
import { containerOf, type CronJob, cronJobs, type FailureRule, one, podOf, render } from "./render.ts"

const all: ReadonlyArray<[string, CronJob]> = ["base", "overlays/vault", "overlays/family", "overlays/twice-daily"]
  .flatMap((folder) =>
    cronJobs(render(folder)).map((job): [string, CronJob] => [`${folder} ${job.metadata.name}`, job])
  )

const base = one<CronJob>(render("base"), "CronJob")

/** What the Job controller does about a pod that ended: the first rule that matches decides. */
const actionOn = (rules: ReadonlyArray<FailureRule>, exitCode: number, isDisrupted: boolean): string =>
  rules.find(({ onExitCodes, onPodConditions }) =>
    onPodConditions !== undefined
      ? isDisrupted && onPodConditions.some(({ status, type }) => type === "DisruptionTarget" && status === "True")
      : onExitCodes?.operator === "In" && onExitCodes.containerName === containerOf(base).name
        && onExitCodes.values.includes(exitCode)
  )?.action ?? "Count"

describe.each(all)("%s", (_, cronJob) => {
  const job = cronJob.spec.jobTemplate.spec
  const pod = podOf(cronJob)
  const container = containerOf(cronJob)

  it("one run at a time, that may start hours late and has an end", () => {
    assert.strictEqual(cronJob.spec.concurrencyPolicy, "Forbid")
    assert.strictEqual(cronJob.spec.timeZone, "Europe/London")
    assert.isAtLeast(cronJob.spec.startingDeadlineSeconds, 2 * 3600)
    assert.isBelow(cronJob.spec.startingDeadlineSeconds, 24 * 3600)
    assert.isAtLeast(job.activeDeadlineSeconds, 1800)
    assert.isAtMost(job.activeDeadlineSeconds, 6 * 3600)
  })

  it("runs of a week can be looked at", () => {
    assert.isAtLeast(job.ttlSecondsAfterFinished, 7 * 86_400)
    assert.isAtLeast(cronJob.spec.successfulJobsHistoryLimit, 7)
    assert.isAtLeast(cronJob.spec.failedJobsHistoryLimit, 7)
    assert.strictEqual(container.terminationMessagePolicy, "FallbackToLogsOnError")
  })

  it("a second try for 1, 9, 10 and a death without a code; none for any other end", () => {
    assert.strictEqual(pod.restartPolicy, "Never")
    assert.strictEqual(job.backoffLimit, 1)
    const { rules } = job.podFailurePolicy
    const retried: ReadonlyArray<number> = [exitCodes.defect, exitCodes.tracker, exitCodes.store]
    for (const code of Object.values(exitCodes).filter((code) => code !== exitCodes.success)) {
      assert.strictEqual(actionOn(rules, code, false), retried.includes(code) ? "Count" : "FailJob", `exit ${code}`)
    }
    for (const signal of [137, 143]) assert.strictEqual(actionOn(rules, signal, false), "Count")
    const listed = rules.flatMap(({ onExitCodes }) => onExitCodes?.values ?? [])
    assert.deepStrictEqual(listed, [2, 3, 4, 5, 6, 7, 8, 11, 130])
  })

  it("a run that was evicted does not count, also where it ended in good order", () => {
    for (const code of [exitCodes.interrupted, 137, 143]) {
      assert.strictEqual(actionOn(job.podFailurePolicy.rules, code, true), "Ignore")
    }
  })

  it("is what Pod Security calls restricted", () => {
    assert.deepStrictEqual(pod.securityContext, {
      runAsNonRoot: true,
      runAsUser: 10001,
      runAsGroup: 10001,
      fsGroup: 10001,
      fsGroupChangePolicy: "OnRootMismatch",
      seccompProfile: { type: "RuntimeDefault" }
    })
    assert.deepStrictEqual(container.securityContext, {
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ["ALL"] }
    })
    const allowed = new Set(["persistentVolumeClaim", "secret", "configMap", "emptyDir"])
    for (const { name, ...source } of pod.volumes) {
      for (const kind of Object.keys(source)) assert.isTrue(allowed.has(kind), `${name}: ${kind}`)
    }
  })

  it("has no token of the cluster's API", () => {
    assert.isFalse(pod.automountServiceAccountToken)
    assert.strictEqual(pod.serviceAccountName, "broker-sync")
  })

  it("takes little", () => {
    assert.deepStrictEqual(container.resources, {
      requests: { cpu: "20m", memory: "96Mi" },
      limits: { memory: "256Mi" }
    })
  })

  it("can write where it has to: its data and /tmp", () => {
    const sourceOf = (path: string) => {
      const mount = container.volumeMounts.find(({ mountPath }) => mountPath === path)
      const volume = pod.volumes.find(({ name }) => name === mount?.name)
      return Object.keys(volume ?? {}).filter((key) => key !== "name")
    }
    assert.deepStrictEqual(sourceOf("/data"), ["persistentVolumeClaim"])
    assert.deepStrictEqual(sourceOf("/tmp"), ["emptyDir"])
  })
})

describe("the reference's set-up", () => {
  it("the names that the runbook's manual trigger uses, at 02:00 in London", () => {
    assert.strictEqual(base.metadata.name, "broker-sync-ibkr")
    assert.strictEqual(base.metadata.namespace, "broker-sync")
    assert.strictEqual(base.spec.schedule, "0 2 * * *")
    assert.deepStrictEqual(containerOf(base).args, ["ibkr"])
  })

  it("the example overlay runs at 02:00 and 11:00, and differs in nothing else", () => {
    const twice = one<CronJob>(render("overlays/twice-daily"), "CronJob")
    assert.strictEqual(twice.spec.schedule, "0 2,11 * * *")
    assert.deepStrictEqual({ ...twice, spec: { ...twice.spec, schedule: base.spec.schedule } }, base)
  })

  it("names of CronJobs leave room for what is appended to them", () => {
    for (const [, { metadata }] of all) assert.isAtMost(metadata.name.length, 52)
  })
})
