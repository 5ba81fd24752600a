/** What a body is, by its first bytes: the content type says nothing. `undecided`: more bytes are needed. */
export type FlexRoot = "statement" | "envelope" | "html" | "csv" | "empty" | "doctype" | "unexpected" | "undecided"

/** Bytes of a prolog and root tag; IBKR's are under 100. */
const rootLimit = 16_384

const skippable = /^(?:\s+|<\?[\s\S]*?\?>|<!--[\s\S]*?-->)*/
const rootName = /^<([A-Za-z_][\w.:-]*)(?=[\s/>])/

/** `text` is the start of the body without a byte order mark, all of it if the body has `ended`. */
export const flexRoot = (text: string, ended: boolean): FlexRoot => {
  const rest = text.replace(skippable, "")
  const more = !ended && text.length < rootLimit
  if (rest === "") return more ? "undecided" : "empty"
  if (!rest.startsWith("<")) {
    if (rest.startsWith("\"") || rest.startsWith("BOF")) return "csv"
    if (more && !rest.includes("\n")) return "undecided"
    return (rest.split("\n", 1)[0] ?? "").includes(",") ? "csv" : "unexpected"
  }
  if (/^<!DOCTYPE\s+html/i.test(rest)) return "html"
  if (/^<!DOCTYPE\s+[^h\s]/i.test(rest)) return "doctype"
  const name = rootName.exec(rest)?.[1]
  if (name === undefined) {
    if (more) return "undecided"
    return /^<!DOCTYPE/i.test(rest) ? "doctype" : "unexpected"
  }
  if (name === "FlexQueryResponse") return "statement"
  if (name === "FlexStatementResponse") return "envelope"
  return /^(html|head|body|title|meta|script|div|center|h1|p)$/i.test(name) ? "html" : "unexpected"
}
