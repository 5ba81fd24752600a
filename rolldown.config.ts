import { defineConfig } from "rolldown"
import manifest from "./package.json" with { type: "json" }

export default defineConfig({
  input: "src/main.ts",
  platform: "node",
  transform: { define: { __VERSION__: JSON.stringify(manifest.version) } },
  treeshake: true,
  output: {
    file: "dist/broker-sync.mjs",
    format: "esm",
    codeSplitting: false,
    minify: true,
    banner: "#!/usr/bin/env node"
  }
})
