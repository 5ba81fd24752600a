import type { Random } from "./Random.ts"

/** No mutant is longer: memory is bounded by what is fed. */
export const largest = 256 * 1024

type ByteMutation = (bytes: Uint8Array, random: Random) => Uint8Array

const encode = (text: string): Uint8Array => new TextEncoder().encode(text)

const join = (...parts: ReadonlyArray<Uint8Array>): Uint8Array => {
  const length = parts.reduce((sum, part) => sum + part.length, 0)
  const whole = new Uint8Array(Math.min(length, largest))
  let at = 0
  for (const part of parts) {
    const piece = part.subarray(0, whole.length - at)
    whole.set(piece, at)
    at += piece.length
  }
  return whole
}

/** Inserted at any byte, or just after the end of a tag. */
const insert = (bytes: Uint8Array, piece: Uint8Array, random: Random): Uint8Array => {
  let at = random.below(bytes.length + 1)
  if (random.chance(0.6)) {
    const end = bytes.indexOf(0x3e, at)
    if (end >= 0) at = end + 1
  }
  return join(bytes.subarray(0, at), piece, bytes.subarray(at))
}

const inserted = (...pieces: ReadonlyArray<string | Uint8Array>): ByteMutation => (bytes, random) => {
  const piece = random.pick(pieces)
  return insert(bytes, typeof piece === "string" ? encode(piece) : piece, random)
}

const inText = (change: (text: string, random: Random) => string): ByteMutation => (bytes, random) =>
  encode(change(new TextDecoder().decode(bytes), random)).subarray(0, largest)

/** Takes the value of an attribute that stands somewhere behind a random place. */
const someValue = (change: (value: string, random: Random) => string): ByteMutation =>
  inText((text, random) => {
    const start = text.indexOf("=\"", random.below(text.length + 1)) + 2
    const end = text.indexOf("\"", start)
    return start < 2 || end < 0 ? text : text.slice(0, start) + change(text.slice(start, end), random) + text.slice(end)
  })

const laughs = [
  "<!DOCTYPE FlexQueryResponse [<!ENTITY a \"ha\">",
  ...Array.from(
    { length: 8 },
    (_, index) => `<!ENTITY a${index} "${`&a${index === 0 ? "" : index - 1};`.repeat(10)}">`
  ),
  "]>"
].join("")

export const byteMutations: Readonly<Record<string, ByteMutation>> = {
  "cut": (bytes, random) => bytes.slice(0, random.below(bytes.length + 1)),
  "cut the front": (bytes, random) => bytes.slice(random.below(bytes.length + 1)),
  "flip a bit": (bytes, random) => {
    const copy = bytes.slice()
    const at = random.below(copy.length)
    if (copy.length > 0) copy[at] = copy[at]! ^ (1 << random.below(8))
    return copy
  },
  "other bytes": (bytes, random) => {
    const copy = bytes.slice()
    for (let count = random.between(1, 6); count > 0 && copy.length > 0; count--) {
      copy[random.below(copy.length)] = random.pick([
        random.below(256),
        ..."<>&\"'/= 0-.;".split("").map((c) => c.charCodeAt(0))
      ])
    }
    return copy
  },
  "delete bytes": (bytes, random) => {
    const at = random.below(bytes.length + 1)
    return join(bytes.subarray(0, at), bytes.subarray(at + random.pick([1, 1, 2, 10, 200])))
  },
  "move a piece": (bytes, random) => {
    const from = random.below(bytes.length + 1)
    return insert(bytes, bytes.slice(from, from + random.pick([3, 50, 500])), random)
  },
  "markup": inserted(
    "<",
    ">",
    "&",
    "\"",
    "</",
    "/>",
    "<!--",
    "-->",
    "<![CDATA[ <Trade /> ]]>",
    "<?pi x?>",
    "<!-- a -- b -->",
    "<!-- <Trade quantity='1' /> -->",
    "]]>",
    "<?xml version=\"1.0\"?>",
    "<?xml version='1.0' encoding='ISO-8859-1'?>"
  ),
  "invalid UTF-8": inserted(
    ...[[0xc3, 0x28], [0xff], [0xc0, 0x80], [0xed, 0xa0, 0x80], [0xf4, 0x90, 0x80, 0x80], [0xe2, 0x82], [0x80], [
      0xf0,
      0x9f
    ]].map((all) => Uint8Array.from(all))
  ),
  "controls": inserted("\0", "\u0001", "\u001b[31m", "\u007f", "\u0085", "\u2028", "\uFFFE", "\uFEFF", "\r", "\u202E"),
  "references": someValue((value, random) =>
    value +
    random.pick([
      "&#0;",
      "&#x1F600;",
      "&#xD800;",
      "&#10;",
      "&#9;",
      "&#13;",
      "&a7;",
      "&nbsp;",
      "&#x110000;",
      "&amp",
      "&#;",
      "&#x7f;",
      "&#x85;",
      "&#x2028;",
      "&constructor;",
      "&__proto__;"
    ])
  ),
  "entities": inText((text, random) =>
    random.pick([
      laughs,
      "<!DOCTYPE FlexQueryResponse>",
      "<!DOCTYPE html>",
      "<!DOCTYPE a [<!ENTITY a7 SYSTEM \"file:///etc/passwd\">]>"
    ]) + text
  ),
  "deep": (bytes, random) => {
    const depth = random.pick([3, 60, 70, 1_000, 20_000])
    return insert(
      bytes,
      encode(random.chance(0.5) ? "<a>".repeat(depth) + "</a>".repeat(depth) : "<a>".repeat(depth)),
      random
    )
  },
  "a long value": someValue((value, random) =>
    value + random.pick(["9", "0", "a", "é", " ", "&lt;", "A ", "1,"]).repeat(random.pick([300, 1_000, 3_000, 60_000]))
  ),
  "a long name": (bytes, random) =>
    insert(bytes, encode(`<${"n".repeat(random.pick([300, 3_000, 70_000]))} />`), random),
  "many attributes": (bytes, random) =>
    insert(
      bytes,
      encode(`<Trade ${Array.from({ length: 500 }, (_, index) => `a${index}="1"`).join(" ")} />`),
      random
    ),
  "repeat": (bytes, random) => {
    const from = random.below(bytes.length + 1)
    const piece = bytes.slice(from, from + random.pick([1, 20, 700, 3_000]))
    const times = Math.min(random.pick([2, 5, 30]), Math.floor(largest / Math.max(piece.length, 1)))
    return join(bytes.subarray(0, from), ...Array.from({ length: times }, () => piece), bytes.subarray(from))
  },
  "another encoding": inText((text, random) =>
    random.pick([
      "\uFEFF",
      "<?xml version=\"1.0\" encoding=\"UTF-16\"?>",
      "\n\n",
      "<?xml version='1.1'?>",
      "\u0000",
      "HTTP/1.1 200 OK\r\n\r\n"
    ]) + text
  ),
  "UTF-16": (bytes) => Uint8Array.from(Buffer.from(new TextDecoder().decode(bytes), "utf16le")).subarray(0, largest),
  "after the end": inText((text, random) => text + random.pick(["\n", "<a />", "text", "\0", "<!-- end -->", text]))
}
