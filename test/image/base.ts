import { realpathSync } from "node:fs"
import { copyFile, mkdir, rm, symlink } from "node:fs/promises"
import { dirname, join } from "node:path"
import type { Buildah } from "./buildah.ts"
import { output } from "./shell.ts"

/** The images that the Dockerfile is given in place of those of a registry. */
export const images = { build: "localhost/build-base", runtime: "localhost/runtime-base" }

/** The mirror that this machine's apt has for the release, so that no other host is asked. */
const mirror = async (release: string): Promise<ReadonlyArray<string>> => {
  const filter = [`Codename: ${release}`, "Component: main", "Created-By: Packages"]
  const [uri] = (await output("apt-get", "indextargets", "--format", "$(REPO_URI)", ...filter)).split("\n")
  return uri === undefined || uri === "" ? [] : [uri]
}

const npmDirectory = async () => {
  const cli = process.env["npm_execpath"] ?? (await output("sh", "-c", "command -v npm"))
  return dirname(dirname(realpathSync(cli)))
}

/**
 * Debian's smallest system with the Node of the lockfile, as the official slim image is made, and without its npm; and for
 * the build the same with npm. Returns the folder that the first is made of, and the hosts it came from.
 */
export const makeBases = async ({ buildah }: Buildah, dir: string, release: string) => {
  const root = join(dir, "base")
  const mirrors = await mirror(release)
  await output("debootstrap", "--variant=minbase", release, root, ...mirrors)
  for (const waste of ["var/cache/apt", "var/lib/apt/lists", "usr/share/doc", "usr/share/man", "usr/share/locale"]) {
    await rm(join(root, waste), { recursive: true, force: true })
  }
  await copyFile("node_modules/node/bin/node", join(root, "usr/local/bin/node"))
  const runtime = await buildah("from", "scratch")
  await buildah("copy", runtime, root, "/")
  await buildah("commit", "--rm", runtime, images.runtime)

  const extra = join(dir, "npm")
  await mkdir(join(extra, "bin"), { recursive: true })
  for (const name of ["npm", "npx"]) {
    await symlink(`../lib/node_modules/npm/bin/${name}-cli.js`, join(extra, "bin", name))
  }
  const build = await buildah("from", "--pull-never", images.runtime)
  await buildah("copy", build, extra, "/usr/local/")
  await buildah("copy", build, await npmDirectory(), "/usr/local/lib/node_modules/npm")
  await buildah("commit", "--rm", build, images.build)
  return { root, mirrors: mirrors.map((uri) => new URL(uri).host) }
}
