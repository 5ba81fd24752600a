import { defineConfig } from "vitest/config"

/** The image, really built and run. */
export default defineConfig({
  test: {
    include: ["test/image/**/*.test.ts"],
    testTimeout: 600_000,
    hookTimeout: 600_000,
    reporters: process.env["VITEST_JSON"] === undefined
      ? ["default"]
      : ["default", ["json", { outputFile: process.env["VITEST_JSON"] }]]
  }
})
