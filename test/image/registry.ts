import { existsSync, readFileSync } from "node:fs"
import { writeFile } from "node:fs/promises"
import { join } from "node:path"
import { output } from "./shell.ts"

/**
 * How this machine reaches its package registry, as secrets of the build: they are there while packages are installed, and
 * in no layer. `host` is what must not be told by the image.
 */
export const registrySecrets = async (dir: string) => {
  const setting = (name: string) => output("npm", "config", "get", name)
  const registry = await setting("registry")
  const own = await setting("userconfig")
  const kept = (existsSync(own) ? readFileSync(own, "utf8") : "").split("\n").filter((line) =>
    !/^\s*(cafile|registry|prefix|nodedir)\s*=/.test(line)
  )
  const authorities = [await setting("cafile"), process.env["NODE_EXTRA_CA_CERTS"] ?? ""].find((path) =>
    existsSync(path)
  )
  const npmrc = join(dir, "npmrc")
  const lines = [...kept, `registry=${registry}`, ...authorities === undefined ? [] : ["cafile=/run/secrets/ca"]]
  await writeFile(npmrc, `${lines.join("\n")}\n`, { mode: 0o600 })
  return {
    host: new URL(registry).host,
    flags: [
      "--secret",
      `id=npmrc,src=${npmrc}`,
      ...authorities === undefined ? [] : ["--secret", `id=ca,src=${authorities}`]
    ]
  }
}
