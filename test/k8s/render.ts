import { execFileSync } from "node:child_process"
import { fileURLToPath } from "node:url"
import { parseAllDocuments } from "yaml"

export const root = fileURLToPath(new URL("../../", import.meta.url))

export interface Manifest {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: {
    readonly name: string
    readonly namespace?: string
    readonly labels?: Readonly<Record<string, string>>
  }
}

interface Tools {
  /** A command and its first arguments; the folder comes next. */
  readonly kustomize: ReadonlyArray<string>
  /** For `PYTHONPATH`. */
  readonly validate: string
}

let known: Tools | undefined

/** Installs what is missing, which takes a minute the first time. */
export const tools = (): Tools => {
  if (known !== undefined) return known
  const told = execFileSync("sh", [`${root}test/k8s/tools.sh`], {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "inherit"]
  })
  const value = (name: string) => {
    const line = told.split("\n").find((line) => line.startsWith(`${name}=`))
    if (line === undefined) throw new Error(`test/k8s/tools.sh does not tell ${name}`)
    return line.slice(name.length + 1)
  }
  known = { kustomize: value("KUSTOMIZE").split(" "), validate: value("VALIDATE") }
  return known
}

/** All documents of a text, strictly: a key that is there twice is an error. */
export const documents = (text: string): ReadonlyArray<Manifest> =>
  parseAllDocuments(text, { uniqueKeys: true }).map((document) => {
    const [error] = document.errors
    if (error !== undefined) throw error
    return document.toJS()
  })

const rendered = new Map<string, ReadonlyArray<Manifest>>()

/** What `kubectl apply -k` would send, of a folder under `k8s/`. */
export const render = (folder: string): ReadonlyArray<Manifest> => {
  const before = rendered.get(folder)
  if (before !== undefined) return before
  const [command = "", ...first] = tools().kustomize
  const made = documents(execFileSync(command, [...first, `${root}k8s/${folder}`], { encoding: "utf8" }))
  rendered.set(folder, made)
  return made
}

export interface Pod {
  readonly restartPolicy: string
  readonly serviceAccountName: string
  readonly automountServiceAccountToken: boolean
  readonly securityContext: Readonly<Record<string, unknown>>
  readonly containers: ReadonlyArray<Container>
  readonly volumes: ReadonlyArray<{
    readonly name: string
    readonly secret?: { readonly secretName: string; readonly defaultMode: number; readonly optional?: boolean }
    readonly configMap?: { readonly name: string }
    readonly persistentVolumeClaim?: { readonly claimName: string }
    readonly emptyDir?: object
  }>
}

export interface Container {
  readonly name: string
  readonly image: string
  readonly args: ReadonlyArray<string>
  readonly env: ReadonlyArray<{ readonly name: string; readonly value: string }>
  readonly envFrom: ReadonlyArray<{ readonly configMapRef: { readonly name: string } }>
  readonly resources: unknown
  readonly terminationMessagePolicy: string
  readonly securityContext: unknown
  readonly volumeMounts: ReadonlyArray<{ readonly name: string; readonly mountPath: string }>
}

export interface CronJob extends Manifest {
  readonly spec: {
    readonly schedule: string
    readonly timeZone: string
    readonly concurrencyPolicy: string
    readonly startingDeadlineSeconds: number
    readonly successfulJobsHistoryLimit: number
    readonly failedJobsHistoryLimit: number
    readonly jobTemplate: {
      readonly spec: {
        readonly backoffLimit: number
        readonly activeDeadlineSeconds: number
        readonly ttlSecondsAfterFinished: number
        readonly podFailurePolicy: { readonly rules: ReadonlyArray<FailureRule> }
        readonly template: {
          readonly metadata: { readonly labels: Readonly<Record<string, string>> }
          readonly spec: Pod
        }
      }
    }
  }
}

export interface FailureRule {
  readonly action: string
  readonly onExitCodes?: { readonly containerName: string; readonly operator: string; readonly values: Array<number> }
  readonly onPodConditions?: ReadonlyArray<{ readonly type: string; readonly status: string }>
}

export const ofKind = <M extends Manifest>(manifests: ReadonlyArray<Manifest>, kind: string): ReadonlyArray<M> =>
  manifests.filter((manifest): manifest is M => manifest.kind === kind)

export const cronJobs = (manifests: ReadonlyArray<Manifest>) => ofKind<CronJob>(manifests, "CronJob")

export const podOf = (cronJob: CronJob): Pod => cronJob.spec.jobTemplate.spec.template.spec

export const containerOf = (cronJob: CronJob): Container => {
  const [container, ...others] = podOf(cronJob).containers
  if (container === undefined || others.length > 0) throw new Error(`${cronJob.metadata.name}: not one container`)
  return container
}

/** The one of this kind (and name). */
export const one = <M extends Manifest>(manifests: ReadonlyArray<Manifest>, kind: string, name?: string): M => {
  const [found, ...others] = ofKind<M>(manifests, kind).filter(({ metadata }) =>
    name === undefined || metadata.name === name
  )
  if (found === undefined || others.length > 0) throw new Error(`not one ${kind} ${name ?? ""}`)
  return found
}
