import { join } from "node:path"
import { run } from "./shell.ts"

/** What of an image's configuration the tests look at. */
export interface Image {
  readonly OCIv1: {
    readonly architecture: string
    readonly config: {
      readonly User: string
      readonly Env: ReadonlyArray<string>
      readonly Entrypoint: ReadonlyArray<string>
      readonly Cmd: ReadonlyArray<string>
      readonly Volumes: Readonly<Record<string, unknown>>
      readonly Labels: Readonly<Record<string, string>>
    }
    readonly history: ReadonlyArray<{ readonly created_by: string; readonly empty_layer?: boolean }>
  }
  readonly Manifest: string
}

export interface Manifest {
  readonly layers: ReadonlyArray<{ readonly digest: string; readonly size: number }>
}

/** Overlay takes a third of the time, as vfs copies the whole image for each layer, but not every file system has it. */
const driverIn = async (dir: string, env: NodeJS.ProcessEnv) => {
  const chosen = process.env["STORAGE_DRIVER"]
  if (chosen !== undefined && chosen !== "") return chosen
  const storage = ["--storage-driver", "overlay", "--root", join(dir, "try"), "--runroot", join(dir, "try-run")]
  const from = await run("buildah", [...storage, "from", "scratch"], { env, anyCode: true })
  const mount = await run("buildah", [...storage, "mount", from.out], { env, anyCode: true })
  await run("buildah", [...storage, "rm", "--all"], { env, anyCode: true })
  return from.code === 0 && mount.code === 0 ? "overlay" : "vfs"
}

/** buildah with all that it keeps inside `dir`: nothing of the machine's own images is seen or touched. */
export const buildahIn = async (dir: string) => {
  const env = { ...process.env, BUILDAH_ISOLATION: "chroot", TMPDIR: dir }
  // The driver is a flag, as buildah does not read STORAGE_DRIVER where it is told a root.
  const driver = await driverIn(dir, env)
  const storage = ["--storage-driver", driver, "--root", join(dir, "storage"), "--runroot", join(dir, "run")]
  const buildah = async (...args: ReadonlyArray<string>) => (await run("buildah", [...storage, ...args], { env })).out
  const inspect = async (name: string): Promise<Image> => JSON.parse(await buildah("inspect", "--type", "image", name))
  const remove = async () => {
    await buildah("umount", "--all")
    await buildah("rm", "--all")
    await buildah("rmi", "--all", "--force")
  }
  return { buildah, driver, inspect, remove }
}

export type Buildah = Awaited<ReturnType<typeof buildahIn>>
