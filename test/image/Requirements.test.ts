import { assert, it } from "@effect/vitest"
import { requireTools } from "./requirements.ts"

it("says what to install where a tool is missing", () => {
  assert.throws(
    () => requireTools({ sh: "dash", "buildah-not-there": "buildah", "debootstrap-not-there": "debootstrap" }),
    "there is no buildah-not-there, debootstrap-not-there; on Debian: apt-get install buildah debootstrap"
  )
})
