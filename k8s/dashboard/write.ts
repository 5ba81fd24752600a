import { writeFileSync } from "node:fs"
import { dashboardJson } from "./dashboard.ts"

writeFileSync(new URL("../components/monitoring/dashboard.json", import.meta.url), dashboardJson())
