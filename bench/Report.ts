import type { Machine, Measurement, Results } from "./Measurement.ts"
import { type Target, targetsOf, verdictOf } from "./Targets.ts"

type Cells = ReadonlyArray<string>

export interface Sheet {
  readonly heading: Cells
  readonly rows: ReadonlyArray<Cells>
}

const figures = new Intl.NumberFormat("en", { maximumFractionDigits: 2, useGrouping: true })

/** Three digits are as much as a median of some runs says; counts are told in full. */
export const figure = (value: number): string =>
  Number.isInteger(value)
    ? figures.format(value).replaceAll(",", " ")
    : value.toFixed(value >= 100 ? 0 : value >= 10 ? 1 : 2)

const factsOf = ({ facts }: Measurement): string =>
  Object.entries(facts).map(([name, value]) => `${name} ${figure(value)}`).join(", ")

const caseOf = ({ id }: Measurement): string => {
  const [, name = "", megabytes] = /^([^/]+)(?:\/(\d+)\/)?/.exec(id) ?? []
  return megabytes === undefined ? name : `${name} ${megabytes} MB`
}

export const measured = (measurements: ReadonlyArray<Measurement>): Sheet => ({
  heading: ["case", "process", "runs", "time s", "CPU s", "peak MiB", "counted"],
  rows: measurements.map((measurement) => [
    caseOf(measurement),
    measurement.what,
    String(measurement.runs),
    figure(measurement.seconds),
    figure(measurement.cpuSeconds),
    measurement.peakMiB.toFixed(0),
    factsOf(measurement)
  ])
})

const amount = (value: number, unit: Target["unit"]) =>
  unit === "exit code" ? `${unit} ${value}` : `${figure(value)} ${unit}`

export const targets = (measurements: ReadonlyArray<Measurement>): Sheet => ({
  heading: ["target", "limit", "measured", ""],
  rows: targetsOf(measurements).map((target) => [
    target.what,
    `${target.bound === "exactly" ? "" : `${target.bound} `}${amount(target.limit, target.unit)}`,
    target.value === undefined ? "" : amount(target.value, target.unit),
    verdictOf(target)
  ])
})

export const machineText = (machine: Machine): string => {
  const { cores, cpu, date, emptyPeakMiB, ibflex, load, memoryGiB, node, os, python } = machine
  return [
    `${cpu}, ${cores} cores, ${memoryGiB} GiB`,
    os,
    `Node ${node.replace(/^v/, "")}`,
    ...(python === undefined ? [] : [`Python ${python}`]),
    ...(ibflex === undefined ? [] : [`ibflex ${ibflex}`]),
    date,
    `load ${load} when it began`,
    `an empty process peaks at ${emptyPeakMiB} MiB`
  ].join("; ")
}

const isFigure = (cell: string) => /^[\d .]+$/.test(cell)

const padded = ({ heading, rows }: Sheet): string => {
  const widths = heading.map((_, column) => Math.max(...[heading, ...rows].map((row) => (row[column] ?? "").length)))
  return [heading, ...rows].map((row) =>
    row.map((cell, column) => isFigure(cell) ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0))
      .join("  ").trimEnd()
  ).join("\n")
}

const piped = ({ heading, rows }: Sheet): string =>
  [heading, heading.map(() => "---"), ...rows].map((row) => `| ${row.join(" | ")} |`).join("\n")

const whole = ({ machine, measurements }: Results, print: (sheet: Sheet) => string): string =>
  [`${machineText(machine)}.`, print(measured(measurements)), print(targets(measurements))].join("\n\n")

export const text = (results: Results): string => whole(results, padded)

export const markdown = (results: Results): string => whole(results, piped)

/** The document with this text between the marks of that name. */
export const between = (document: string, name: string, body: string): string => {
  const [from, to] = [`<!-- ${name} -->`, `<!-- end of ${name} -->`]
  const [start, end] = [document.indexOf(from), document.indexOf(to)]
  if (start < 0 || end < start) throw new Error(`the document has no ${from} … ${to}`)
  return `${document.slice(0, start + from.length)}\n\n${body}\n\n${document.slice(end)}`
}

/** The document with these results between its marks. */
export const published = (document: string, results: Results): string => between(document, "results", markdown(results))
