const secondsPerDay = 86_400

const london = new Intl.DateTimeFormat("en-GB", { timeZone: "Europe/London", timeZoneName: "longOffset" })

/** Unix seconds of a UTC time such as `2027-03-18` or `2027-03-18T02:00`. */
export const at = (time: string): number => Date.parse(time.length === 10 ? `${time}T00:00:00Z` : `${time}:00Z`) / 1000

export const plusDays = (day: string, days: number): string =>
  new Date((at(day) + days * secondsPerDay) * 1000).toISOString().slice(0, 10)

/** This time of the clock in London, on its summer and winter time. */
export const inLondon = (day: string, clock = "02:00"): number => {
  const asUtc = at(`${day}T${clock}`)
  const offset = london.formatToParts(asUtc * 1000).find(({ type }) => type === "timeZoneName")?.value
  return offset === "GMT+01:00" ? asUtc - 3600 : asUtc
}

/** The stricter reading: neither London nor New York trades. (New York does on Easter Monday.) */
const easter2027 = new Set(["2027-03-26", "2027-03-29"])

/** The last day with a statement at 02:00 in London: 21:00 in New York, so yesterday is not closed yet. */
export const newestStatement = (night: string): string => {
  let day = plusDays(night, -2)
  while (easter2027.has(day) || [0, 6].includes(new Date(`${day}T00:00:00Z`).getUTCDay())) day = plusDays(day, -1)
  return day
}
