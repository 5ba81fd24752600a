/** mulberry32: small, seeded, the same on every machine. */
export const generator = (seed: number) => {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}

export function businessDays(from: string, to: string): ReadonlyArray<string> {
  const found: Array<string> = []
  for (let time = Date.parse(from); time <= Date.parse(to); time += 86_400_000) {
    const day = new Date(time)
    if (day.getUTCDay() !== 0 && day.getUTCDay() !== 6) found.push(day.toISOString().slice(0, 10))
  }
  return found
}
