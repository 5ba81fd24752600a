/** Free places are 0. */
const free = 0
/** Of places that are taken; beyond it the table doubles. */
const mostTaken = 0.8

/** Whole numbers from 1 to 2^53 - 1, and a small one with each: twelve bytes where a `Map` takes sixty. */
export class NumberTable {
  #numbers = new Float64Array(1 << 10)
  #owners = new Int32Array(1 << 10)
  #taken = 0

  has(number: number): boolean {
    return this.#numbers[this.#placeOf(number)] === number
  }

  /** What came first with the number: `owner`, unless it is there already. */
  claim(number: number, owner: number): number {
    const place = this.#placeOf(number)
    if (this.#numbers[place] === number) return this.#owners[place] ?? owner
    this.#numbers[place] = number
    this.#owners[place] = owner
    if (++this.#taken > this.#numbers.length * mostTaken) this.#double()
    return owner
  }

  #placeOf(number: number): number {
    const mask = this.#numbers.length - 1
    let place = (Math.imul(number ^ (number / 4_294_967_296), 0x9e3779b1) >>> 7) & mask
    while (this.#numbers[place] !== free && this.#numbers[place] !== number) place = (place + 1) & mask
    return place
  }

  #double(): void {
    const [numbers, owners] = [this.#numbers, this.#owners]
    this.#numbers = new Float64Array(numbers.length * 2)
    this.#owners = new Int32Array(numbers.length * 2)
    for (const [index, number] of numbers.entries()) {
      if (number === free) continue
      const place = this.#placeOf(number)
      this.#numbers[place] = number
      this.#owners[place] = owners[index] ?? 0
    }
  }
}
