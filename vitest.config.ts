import { defineConfig } from "vitest/config"

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    exclude: ["test/services/**"],
    reporters: process.env["VITEST_JSON"] === undefined
      ? ["default"]
      : ["default", ["json", { outputFile: process.env["VITEST_JSON"] }]]
  }
})
