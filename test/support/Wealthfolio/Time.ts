/** `2026-11-22T16:04:24.553500`: what accounts and assets print; the server has nanoseconds, nobody reads them. */
export const naive = (at: Date): string => at.toISOString().replace("Z", "")

const rfc3339 = /^(\d{4}-\d{2}-\d{2})[Tt ](\d{2}:\d{2}:\d{2})(?:\.(\d{1,9}))?([Zz]|[+-]\d{2}:\d{2})$/
const dateOnly = /^(\d{4})-(\d{1,2})-(\d{1,2})$/

/** RFC 3339 or a date; microseconds since the epoch. */
export const instantOf = (text: string): bigint | undefined => {
  const date = dateOnly.exec(text)
  if (date !== null) {
    const [, year = "", month = "", dayOfMonth = ""] = date
    const day = `${year}-${month.padStart(2, "0")}-${dayOfMonth.padStart(2, "0")}`
    return wholeSeconds(`${day}T00:00:00Z`, day)
  }
  const found = rfc3339.exec(text)
  if (found === null || found[2]?.startsWith("24") === true) return undefined
  const [, day = "", time = "", fraction = "", zone = ""] = found
  const seconds = wholeSeconds(`${day}T${time}${zone.toUpperCase()}`, day)
  return seconds === undefined ? undefined : seconds + BigInt(fraction.padEnd(6, "0").slice(0, 6))
}

const wholeSeconds = (text: string, day: string): bigint | undefined => {
  const at = Date.parse(text)
  const noon = Date.parse(`${day}T12:00:00Z`)
  if (Number.isNaN(at) || Number.isNaN(noon) || new Date(noon).toISOString().slice(0, 10) !== day) return undefined
  return BigInt(at) * 1000n
}

/** `2024-01-15T00:00:00+00:00`, with three or six fraction digits where they are not zero. */
export const printInstant = (instant: bigint, zone: "+00:00" | "Z" = "+00:00"): string => {
  const micros = ((instant % 1_000_000n) + 1_000_000n) % 1_000_000n
  const whole = new Date(Number((instant - micros) / 1000n)).toISOString().slice(0, 19)
  if (micros === 0n) return `${whole}${zone}`
  const digits = micros.toString().padStart(6, "0")
  return `${whole}.${digits.endsWith("000") ? digits.slice(0, 3) : digits}${zone}`
}

export const nowInstant = (at: Date): bigint => BigInt(at.getTime()) * 1000n

/** The day of an instant in an IANA zone; an empty or unknown zone is UTC. */
export const dayIn = (zone: string): (instant: bigint) => string => {
  const format = formatter(zone)
  const seen = new Map<bigint, string>()
  return (instant) => {
    const second = instant / 1_000_000n
    const known = seen.get(second)
    if (known !== undefined) return known
    const day = format.format(new Date(Number(instant / 1000n)))
    seen.set(second, day)
    return day
  }
}

const formatter = (zone: string): Intl.DateTimeFormat => {
  try {
    return new Intl.DateTimeFormat("en-CA", { timeZone: zone === "" ? "UTC" : zone, dateStyle: "short" })
  } catch {
    return new Intl.DateTimeFormat("en-CA", { timeZone: "UTC", dateStyle: "short" })
  }
}

export const isZone = (zone: string): boolean => {
  try {
    return new Intl.DateTimeFormat("en-CA", { timeZone: zone }).resolvedOptions().timeZone !== ""
  } catch {
    return false
  }
}
