import { defineConfig } from "vitest/config"
import { suite } from "./vitest.suite.ts"

export default defineConfig(suite({
  include: ["test/**/*.test.ts"],
  exclude: ["test/services/**", "test/k8s/**", "test/image/**"],
  // Most of the time is spent waiting for processes of the program: one more file at a time than there are cores to spare.
  maxWorkers: 2,
  millis: 60_000
}))
