import { assert, describe, it } from "@effect/vitest"
import { readdirSync, readFileSync } from "node:fs"
import { containerOf, type CronJob, cronJobs, ofKind, one, podOf, render, root } from "./render.ts"

const family = cronJobs(render("overlays/family"))
const base = one<CronJob>(render("base"), "CronJob")

const labelOf = (job: CronJob) => containerOf(job).env.find(({ name }) => name === "IBKR_ACCOUNT_LABEL")?.value
const volumeOf = (job: CronJob, volume: string) => podOf(job).volumes.find(({ name }) => name === volume)
const claimOf = (job: CronJob) => volumeOf(job, "data")?.persistentVolumeClaim?.claimName
const secretOf = (job: CronJob) => volumeOf(job, "secrets")?.secret?.secretName

/** A patched list has another order, which means nothing. */
const sorted = (job: CronJob): CronJob => {
  const copy = structuredClone(job)
  for (const list of [podOf(copy).volumes, containerOf(copy).env]) {
    // The copy is this function's own.
    ;(list as Array<{ readonly name: string }>).sort((a, b) => a.name.localeCompare(b.name))
  }
  return copy
}

describe("five accounts", () => {
  it.each<[string, (job: CronJob) => string | undefined]>([
    ["name", ({ metadata }) => metadata.name],
    ["label", labelOf],
    ["claim", claimOf],
    ["secret", secretOf],
    ["start minute", ({ spec }) => spec.schedule.split(" ")[0]]
  ])("no two share a %s", (_, valueOf) => {
    const values = family.map(valueOf)
    assert.lengthOf(values, 5)
    assert.notInclude(values, undefined)
    assert.strictEqual(new Set(values).size, 5)
  })

  it("each claim is there, and each is used", () => {
    const claims = ofKind(render("overlays/family"), "PersistentVolumeClaim").map(({ metadata }) => metadata.name)
    assert.deepStrictEqual(claims.sort(), family.map((job) => claimOf(job) ?? "").sort())
  })

  it("they start in the hour of the single account, minutes apart", () => {
    const minutes = family.map(({ spec }) => {
      assert.match(spec.schedule, /^\d+ 2 \* \* \*$/)
      return Number.parseInt(spec.schedule, 10)
    })
    const inOrder = minutes.toSorted((a, b) => a - b)
    inOrder.forEach((minute, position) => {
      if (position > 0) assert.isAtLeast(minute - (inOrder[position - 1] ?? 0), 5)
    })
  })

  it("name, label, claim and secret belong together", () => {
    for (const job of family) {
      const person = job.metadata.name.replace("broker-sync-ibkr-", "")
      assert.strictEqual(labelOf(job), `ibkr-${person}`)
      assert.strictEqual(claimOf(job), `broker-sync-data-${person}`)
      assert.strictEqual(secretOf(job), `broker-sync-secrets-${person}`)
    }
  })

  it("everything else is the base's CronJob", () => {
    for (const job of family) {
      const text = JSON.stringify(job)
        .replaceAll(job.metadata.name, base.metadata.name)
        .replaceAll(claimOf(job) ?? "", "broker-sync-data")
        .replaceAll(secretOf(job) ?? "", "broker-sync-secrets")
        .replaceAll(`"${labelOf(job)}"`, "\"ibkr-uk\"")
        .replaceAll(job.spec.schedule, base.spec.schedule)
      const same: CronJob = JSON.parse(text)
      assert.deepStrictEqual(sorted(same), sorted(base))
    }
  })

  it("there is one CronJob among the files", () => {
    const files = readdirSync(`${root}k8s`, { recursive: true, encoding: "utf8" }).filter((name) =>
      name.endsWith(".yaml") && name !== "base/account/cronjob.yaml"
    )
    for (const name of files) {
      assert.notMatch(readFileSync(`${root}k8s/${name}`, "utf8"), /^\s*concurrencyPolicy:/m, name)
    }
  })
})
