import { defineConfig } from "vitest/config"

/** Tests against real services, started by the tests themselves. */
export default defineConfig({
  test: {
    include: ["test/services/**/*.test.ts"],
    testTimeout: 30_000,
    hookTimeout: 30_000,
    reporters: process.env["VITEST_JSON"] === undefined
      ? ["default"]
      : ["default", ["json", { outputFile: process.env["VITEST_JSON"] }]]
  }
})
