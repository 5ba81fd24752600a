export type Server = "flex" | "wealthfolio"

/** A request of one run at a stand-in: about to be handled, or handled and about to be answered. */
export interface Moment {
  readonly server: Server
  /** Counted from 1 in each run. */
  readonly number: number
  readonly phase: "before" | "after"
  /** `POST /activities/bulk`, `SendRequest` */
  readonly label: string
}

/** Where a run is killed. */
export type KillPoint =
  /** `late`: before the request is handled, and it is handled all the same while the next run is under way. */
  | { readonly kind: "request"; readonly server: Server; readonly number: number; readonly phase: Phase }
  /** Before the nth write of the run to its own disk. */
  | { readonly kind: "disk"; readonly number: number }
  | { readonly kind: "random"; readonly millis: number }

type Phase = Moment["phase"] | "late"

export const kinds = [
  "flex before",
  "flex after",
  "wealthfolio before",
  "wealthfolio after",
  "wealthfolio late",
  "disk",
  "random",
  "the run after it"
] as const

export type Kind = (typeof kinds)[number]

export const kindOf = (point: KillPoint): Kind => {
  if (point.kind !== "request") return point.kind
  if (point.server === "wealthfolio") return `wealthfolio ${point.phase}`
  return point.phase === "before" ? "flex before" : "flex after"
}

export const nameOf = (point: KillPoint): string => {
  if (point.kind === "random") return `after ${point.millis} ms`
  return point.kind === "disk" ? `disk ${point.number}` : `${point.server} ${point.number} ${point.phase}`
}

export const isAt = (point: KillPoint, moment: Moment): boolean =>
  point.kind === "request" && point.server === moment.server && point.number === moment.number
  && (point.phase === "late" ? "before" : point.phase) === moment.phase

/** What may come twice when its answer was lost: all else only reads, or is kept apart by the account's lock. */
export const isWrite = ({ label }: Moment): boolean => /^POST \/(activities\/bulk|assets)$/.test(label)
