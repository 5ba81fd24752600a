/** Chance that can be had again: the same seed and number give the same choices on every machine. */
export interface Random {
  /** A whole number from 0 up to, not including, `limit`. */
  readonly below: (limit: number) => number
  readonly between: (low: number, high: number) => number
  readonly chance: (probability: number) => boolean
  readonly pick: <A>(all: ReadonlyArray<A>) => A
  readonly shuffled: <A>(all: ReadonlyArray<A>) => Array<A>
}

/** mulberry32; inputs next to each other start far apart. */
export const randomOf = (seed: number, number: number): Random => {
  let state = mix(mix(seed >>> 0) + Math.imul(number, 0x9e37_79b9))
  const below = (limit: number): number => {
    state = (state + 0x6d2b_79f5) >>> 0
    return Math.floor((mulberry(state) / 4_294_967_296) * limit)
  }
  const pick = <A>(all: ReadonlyArray<A>): A => {
    if (all.length === 0) throw new RangeError("nothing to pick from")
    return all[below(all.length)]!
  }
  return {
    below,
    between: (low, high) => low + below(high - low + 1),
    chance: (probability) => below(1_000_000) < probability * 1_000_000,
    pick,
    shuffled: <A>(all: ReadonlyArray<A>) => {
      const rest = [...all]
      for (let index = rest.length - 1; index > 0; index--) {
        const other = below(index + 1)
        const kept = rest[index]!
        rest[index] = rest[other]!
        rest[other] = kept
      }
      return rest
    }
  }
}

const mulberry = (state: number): number => {
  let mixed = Math.imul(state ^ (state >>> 15), state | 1)
  mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
  return (mixed ^ (mixed >>> 14)) >>> 0
}

const mix = (value: number): number => {
  let mixed = Math.imul(value ^ (value >>> 16), 0x85eb_ca6b)
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2_ae35)
  return (mixed ^ (mixed >>> 16)) >>> 0
}
