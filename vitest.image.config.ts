import { defineConfig } from "vitest/config"
import { suite } from "./vitest.suite.ts"

/** The image, really built and run. */
export default defineConfig(suite({ include: ["test/image/**/*.test.ts"], millis: 600_000 }))
