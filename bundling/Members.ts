import type { Plugin } from "rolldown"
import { Visitor } from "rolldown/utils"

/** Members of classes that nobody calls: a class keeps all it has. */
const unused: ReadonlyArray<readonly [path: string, members: string]> = [
  // Tests use them from the sources.
  [".ts", "layerTest"],
  [
    "/prom-client/lib/registry.js",
    "getMetricsAsJSON removeSingleMetric getSingleMetricAsString getSingleMetric setDefaultLabels resetMetrics "
    + "setContentType clear merge"
  ],
  ["/prom-client/lib/gauge.js", "inc dec setToCurrentTime startTimer labels remove"]
]

export const withoutUnused: Plugin = {
  name: "without-unused-members",
  transform(code, id) {
    const names = unused.flatMap(([path, members]) => id.replaceAll("\\", "/").endsWith(path) ? members.split(" ") : [])
    if (!names.some((name) => code.includes(name))) return null
    const left: Array<readonly [start: number, end: number]> = []
    new Visitor({
      ClassBody: ({ body }) => {
        for (const { end, start, ...member } of body) {
          if ("key" in member && member.key.type === "Identifier" && names.includes(member.key.name)) {
            left.push([start, end])
          }
        }
      }
    }).visit(this.parse(code, { lang: id.endsWith(".ts") ? "ts" : "js" }))
    return { code: left.reduceRight((text, [start, end]) => text.slice(0, start) + text.slice(end), code), map: null }
  }
}
