import { defineConfig } from "vitest/config"

/** Tests of what is given to a cluster and to Prometheus, with their own tools. */
export default defineConfig({
  test: {
    include: ["test/k8s/**/*.test.ts"],
    maxWorkers: 2,
    testTimeout: 120_000,
    hookTimeout: 120_000,
    reporters: process.env["VITEST_JSON"] === undefined
      ? ["default"]
      : ["default", ["json", { outputFile: process.env["VITEST_JSON"] }]]
  }
})
