import { defineConfig } from "vitest/config"
import { suite } from "./vitest.suite.ts"

/** Tests of what is given to a cluster and to Prometheus, with their own tools. */
export default defineConfig(suite({ include: ["test/k8s/**/*.test.ts"], maxWorkers: 2, millis: 120_000 }))
