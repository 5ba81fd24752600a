import type { Env, World } from "../e2e/support.ts"
import type { FlexDays, FlexStep } from "../support/FlexServer.ts"
import type { Fault, Matcher } from "../support/Wealthfolio/Faults.ts"

/** A story of nights, told as data: what is served, what goes wrong, and what the tracker must hold in the end. */
export interface Scenario {
  readonly name: string
  /** In a world of its own before the first night: rows typed by hand, assets that are there already. */
  readonly before?: (world: World) => void | Promise<void>
  readonly nights: ReadonlyArray<Night>
}

export interface Night {
  readonly name: string
  /** What IBKR says, or what it says of these days (`undefined`: the saved period). Each answer is generated anew. */
  readonly statement: string | ((days: FlexDays | undefined) => string)
  /** More arguments of `broker-sync ibkr`: `--from 2026-01-05 --to 2026-01-09`. */
  readonly args?: ReadonlyArray<string>
  readonly env?: Env
  /** What somebody does before the run: a symbol map, a row deleted by hand, sessions that have expired. */
  readonly before?: (world: World) => void | Promise<void>
  /** What goes wrong in Wealthfolio, kills apart. */
  readonly faults?: ReadonlyArray<{ readonly at: Matcher; readonly fault: Fault; readonly times?: number }>
  /** What IBKR answers before it succeeds. */
  readonly flex?: { readonly send?: ReadonlyArray<FlexStep>; readonly get?: ReadonlyArray<FlexStep> }
  /** Every row of ours that the tracker has after this night, by external id; a row as `Rows.ts` prints it. */
  readonly holds: Readonly<Record<string, string>>
  /** Every row that is not ours; default: as it was before the first night. */
  readonly typed?: ReadonlyArray<string>
  /** At every moment all of `out` is there and none of `in`, or the other way round. */
  readonly swaps?: ReadonlyArray<Swap>
  /** Days that are proven by then, without a hole. */
  readonly covers?: { readonly from: string; readonly to: string }
  /** Positions that differ, by symbol (rows are held); the others agree. */
  readonly drift?: Readonly<Record<string, string>>
  readonly kills?: Kills
}

/** External ids; a row that has the id of the one in its place, as `Rows.ts` prints it; one not ours, as `byHand` says. */
export interface Swap {
  readonly out: ReadonlyArray<string>
  readonly in: ReadonlyArray<string>
}

/** Which kills a night is put to. */
export interface Kills {
  /** At requests whose label matches; `false`: this night is only the past of the next. Default: what changes something. */
  readonly requests?: RegExp | false
  /** Before each write of the run to its own disk that matches. Default: none. */
  readonly disk?: RegExp
  /** How many at random moments. Default 3. */
  readonly random?: number
  /** How many with the run after it killed as well. Default 3. */
  readonly twice?: number
}
