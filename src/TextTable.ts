const rowsShown = 40

/** A broker's words must not steer the terminal. */
// oxlint-disable-next-line no-control-regex
export const printable = (text: string): string => text.replaceAll(/[\u0000-\u001f\u007f-\u009f]/g, " ")

/**
 * Columns of equal width, the `right` ones flush right; what is more than 40 rows is only counted.
 *
 * @param total how many there are, where the rows are the first of them
 */
export function* table(
  head: ReadonlyArray<string>,
  rows: ReadonlyArray<ReadonlyArray<string>>,
  right: ReadonlySet<number> = new Set(),
  total = rows.length
): Generator<string> {
  const shown = rows.slice(0, rowsShown).map((row) => row.map(printable))
  const widths = head.map((title, column) => Math.max(title.length, ...shown.map((row) => row[column]?.length ?? 0)))
  const format = (row: ReadonlyArray<string>) =>
    `${
      row.map((cell, column) =>
        right.has(column) ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0)
      )
        .join("  ").trimEnd()
    }\n`
  yield format(head)
  for (const row of shown) yield format(row)
  if (total > shown.length) yield `… and ${total - shown.length} more (--format json shows all)\n`
}
