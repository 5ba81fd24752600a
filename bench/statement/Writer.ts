import { closeSync, openSync, writeSync } from "node:fs"

/** Millionths as plain decimal text. */
export const decimal = (millionths: bigint): string => {
  const digits = (millionths < 0n ? -millionths : millionths).toString().padStart(7, "0")
  const text = `${digits.slice(0, -6)}.${digits.slice(-6)}`.replace(/\.?0+$/, "")
  return millionths < 0n ? `-${text}` : text
}

const entities: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  "\"": "&quot;",
  "'": "&apos;"
}

const escape = (text: string) => text.replaceAll(/[&<>"']/g, (character) => entities[character] ?? character)

/** Writes in pieces of a quarter of a MiB; nothing else is kept. */
export const writer = (path: string) => {
  const file = openSync(path, "w")
  let pending = ""
  let bytes = 0
  const flush = () => {
    const piece = Buffer.from(pending)
    pending = ""
    for (let offset = 0; offset < piece.length;) offset += writeSync(file, piece, offset)
    bytes += piece.length
  }
  const write = (text: string) => {
    pending += text
    if (pending.length > 1 << 18) flush()
  }
  return {
    write,
    row: (element: string, attributes: Readonly<Record<string, string>>) => {
      let text = `<${element}`
      for (const [name, value] of Object.entries(attributes)) text += ` ${name}="${escape(value)}"`
      write(`${text} />\n`)
    },
    close: () => {
      flush()
      closeSync(file)
      return bytes
    }
  }
}
