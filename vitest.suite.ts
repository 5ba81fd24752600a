import type { ViteUserConfig } from "vitest/config"

interface Suite {
  readonly include: ReadonlyArray<string>
  readonly exclude?: ReadonlyArray<string>
  readonly maxWorkers?: number
  /** A busy machine is no failure: what hangs is ended all the same. */
  readonly millis: number
}

/** What all suites have in common. With VITEST_JSON they write vitest's own report there, too. */
export const suite = ({ exclude, include, maxWorkers, millis }: Suite): ViteUserConfig => ({
  test: {
    include: [...include],
    ...(exclude === undefined ? {} : { exclude: [...exclude] }),
    ...(maxWorkers === undefined ? {} : { maxWorkers }),
    testTimeout: millis,
    hookTimeout: millis,
    reporters: process.env["VITEST_JSON"] === undefined
      ? ["default"]
      : ["default", ["json", { outputFile: process.env["VITEST_JSON"] }]]
  }
})
