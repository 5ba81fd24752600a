import { defineConfig } from "vitest/config"

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    exclude: ["test/services/**", "test/k8s/**", "test/image/**"],
    // Most of the time is spent waiting for processes of the program: one more file at a time than there are cores to spare.
    maxWorkers: 2,
    // A busy machine is no failure: what hangs is ended all the same.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    reporters: process.env["VITEST_JSON"] === undefined
      ? ["default"]
      : ["default", ["json", { outputFile: process.env["VITEST_JSON"] }]]
  }
})
