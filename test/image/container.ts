import type { Image } from "./buildah.ts"
import { run } from "./shell.ts"

// What a pod gets: a read-only root, the volume, an empty /tmp. Debian's programs are covered, the shells among them, so
// that only node is left to run. The mounts are in a namespace of their own, and end with it.
const script = `set -e
root=$1 data=$2 user=$3
shift 3
mount --bind "$root" "$root"
mount -o remount,bind,ro "$root"
mount --bind "$data" "$root/data"
mount -t tmpfs -o mode=1777 tmpfs "$root/tmp"
mount --bind /proc "$root/proc"
mount --bind /dev "$root/dev"
mount -t tmpfs -o ro tmpfs "$root/usr/bin"
mount -t tmpfs -o ro tmpfs "$root/usr/sbin"
exec setpriv --no-new-privs chroot --userspec="$user" --groups= "$root" "$@"`

export interface ContainerOptions {
  /** The image's unpacked files. */
  readonly root: string
  /** The folder that is mounted at /data. */
  readonly data: string
  readonly image: Image
  readonly env?: Readonly<Record<string, string>>
  /** In place of the image's own. */
  readonly user?: string
}

/** Runs a command as the image's configuration says, with nothing of this machine's environment. */
export const inContainer = (command: ReadonlyArray<string>, { root, data, image, env, user }: ContainerOptions) => {
  const { Env, User } = image.OCIv1.config
  const own = Object.fromEntries(
    Env.map((line) => [line.slice(0, line.indexOf("=")), line.slice(line.indexOf("=") + 1)])
  )
  return run(
    "unshare",
    ["--mount", "--propagation", "private", "sh", "-c", script, "sh", root, data, user ?? User, ...command],
    { env: { ...own, ...env }, anyCode: true }
  )
}
