import type { Plugin } from "rolldown"
import { Visitor } from "rolldown/utils"

type Names = ReadonlyArray<readonly [path: string, names: string]>

/** Members of classes that nobody calls: a class keeps all it has. */
const members: Names = [
  // Tests use them from the sources.
  [".ts", "layerTest"],
  // Files are read by ReadAhead.ts.
  ["/dist/NodeFileSystem.js", "readAlloc seek stat sync truncate write"],
  // Of a response its text, its bytes and its stream are read.
  ["/effect/dist/http/HttpClient.js", "formData json urlParamsBody upgrade"],
  ["/platform-node/dist/NodeHttpClient.js", "formData formDataBody json urlParamsBody upgrade"],
  ["/platform-node/dist/NodeHttpIncomingMessage.js", "json jsonUnsafe textUnsafe urlParamsBody"],
  [
    "/prom-client/lib/registry.js",
    "getMetricsAsJSON removeSingleMetric getSingleMetricAsString getSingleMetric setDefaultLabels resetMetrics "
    + "setContentType clear merge"
  ],
  ["/prom-client/lib/gauge.js", "inc dec setToCurrentTime startTimer labels remove"]
]

/** Functions and getters that are properties of an object, and that nobody asks for. */
const properties: Names = [
  ["/effect/dist/FileSystem.js", "stream"],
  // Of a statement its rows are read, as objects or as values.
  ["/effect/dist/sql/Statement.js", "csv onDialect or raw stream toJSON unprepared updateValues valuesUnprepared"]
]

const namesFor = (names: Names, id: string): ReadonlyArray<string> =>
  names.flatMap(([path, names]) => id.replaceAll("\\", "/").endsWith(path) ? names.split(" ") : [])

export const withoutUnused: Plugin = {
  name: "without-unused-members",
  transform(code, id) {
    const [unusedMembers, unusedProperties] = [namesFor(members, id), namesFor(properties, id)]
    if (![...unusedMembers, ...unusedProperties].some((name) => code.includes(name))) return null
    const left: Array<readonly [start: number, end: number, instead: string]> = []
    new Visitor({
      ClassBody: ({ body }) => {
        for (const { end, start, ...member } of body) {
          if ("key" in member && member.key.type === "Identifier" && unusedMembers.includes(member.key.name)) {
            left.push([start, end, ""])
          }
        }
      },
      Property: ({ end, key, start }) => {
        if (key.type === "Identifier" && unusedProperties.includes(key.name)) {
          left.push([start, end, `${key.name}: undefined`])
        }
      }
    }).visit(this.parse(code, { lang: id.endsWith(".ts") ? "ts" : "js" }))
    return {
      code: left.reduceRight((text, [start, end, instead]) => text.slice(0, start) + instead + text.slice(end), code),
      map: null
    }
  }
}
