import { defineConfig } from "vitest/config"
import { suite } from "./vitest.suite.ts"

/** Tests against real services, started by the tests themselves. */
export default defineConfig(suite({ include: ["test/services/**/*.test.ts"], millis: 30_000 }))
