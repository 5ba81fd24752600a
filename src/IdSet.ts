import { NumberTable } from "./NumberTable.ts"

/** Digits of which eight kinds of ids still tell themselves apart below 2^53. */
const mostDigits = 15
const numbered = /^(.*:)([1-9]\d*)$/
const mostKinds = 8

/** External ids, `ibkr:trade:6000000001`, by the hundred thousand: exact, in twelve bytes each where they end in a number. */
export class IdSet {
  readonly #numbers = new NumberTable()
  readonly #kinds = new Map<string, number>()
  readonly #others = new Set<string>()

  add(id: string): void {
    const number = this.#numberOf(id, true)
    if (number === undefined) this.#others.add(id)
    else this.#numbers.claim(number, 0)
  }

  has(id: string): boolean {
    const number = this.#numberOf(id, false)
    return number === undefined ? this.#others.has(id) : this.#numbers.has(number)
  }

  #numberOf(id: string, isAdded: boolean): number | undefined {
    const [, prefix, digits = ""] = numbered.exec(id) ?? []
    if (prefix === undefined || digits.length > mostDigits) return undefined
    let kind = this.#kinds.get(prefix)
    if (kind === undefined && isAdded && this.#kinds.size < mostKinds) {
      kind = this.#kinds.size
      this.#kinds.set(prefix, kind)
    }
    return kind === undefined ? undefined : Number(digits) * mostKinds + kind
  }
}
