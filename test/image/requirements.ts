import { spawnSync } from "node:child_process"

const needed = { buildah: "buildah", debootstrap: "debootstrap", unshare: "util-linux", setpriv: "util-linux" }

/** The image is never taken for tested where it was not: what is missing is an error that says what to install. */
export const requireTools = (tools: Readonly<Record<string, string>> = needed) => {
  const missing = Object.entries(tools).filter(([tool]) => spawnSync("sh", ["-c", `command -v ${tool}`]).status !== 0)
  if (missing.length > 0) {
    const names = missing.map(([tool]) => tool).join(", ")
    const packages = [...new Set(missing.map(([, name]) => name))].join(" ")
    throw new Error(`the image cannot be built here, as there is no ${names}; on Debian: apt-get install ${packages}`)
  }
  if (process.getuid?.() !== 0) throw new Error("the image is built and run as root; try: sudo npm run test:image")
}
