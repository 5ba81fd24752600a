import { Effect, Option } from "effect"
import { Argument, Command, Flag } from "effect/cli"
import { adopt } from "../Decisions/Adopt.ts"
import { decisionJson, decisionTable } from "../Decisions/DecisionReport.ts"
import { ignore } from "../Decisions/Ignore.ts"
import { openPositions, undoOpenPositions } from "../Decisions/OpenPositions.ts"
import { replay } from "../Decisions/Replay.ts"
import { restore, type RestoreWhat } from "../Decisions/Restore.ts"
import type { RowOutcome } from "../Decisions/RowOutcome.ts"
import { undo } from "../Decisions/Undo.ts"
import { type Decision, ibkrDecision } from "../IbkrDecision.ts"
import { endWith, format, isTable, parseDay, print, UsageError } from "./Ending.ts"

const externalId = Argument.String("externalId").pipe(
  Argument.withDescription("the row's id, as status and the JSON of a run show it: ibkr:trade:6000000001")
)

const yes = Flag.Boolean("yes").pipe(Flag.withDescription("do it; without it, only show"), Flag.withDefault(false))

const run = Effect.fnUntraced(function*(chosen: Option.Option<"table" | "json">, decision: Decision) {
  const report = yield* ibkrDecision(decision)
  yield* print((yield* isTable(chosen)) ? decisionTable(report) : decisionJson(report))
  yield* endWith(report.error)
})

const counted = (
  rows: ReadonlyArray<RowOutcome>,
  none: string
): { rows: typeof rows; notes: ReadonlyArray<string> } => {
  const outcomes = Map.groupBy(rows, ({ outcome }) => outcome)
  return {
    rows,
    notes: [rows.length === 0 ? none : [...outcomes].map(([name, { length }]) => `${length} ${name}`).join(", ")]
  }
}

const ignoreRow = Command.make("ignore", { externalId, format }, (given) =>
  run(given.format, {
    command: "ignore",
    decide: (options) => Effect.map(ignore(given.externalId, options), (rows) => counted(rows, "nothing to ignore"))
  })).pipe(Command.withDescription("Leave a row out for good; what stands in Wealthfolio stays as it is"))

const adoptRow = Command.make("adopt", { externalId, format }, (given) =>
  run(given.format, {
    command: "adopt",
    decide: (options) => Effect.map(adopt(given.externalId, options), (rows) => counted(rows, "nothing to adopt"))
  })).pipe(
    Command.withDescription("Put the broker's row in the place of the one typed by hand; its date and note are kept")
  )

const restoreWhat = Effect.fnUntraced(function*(
  given: { readonly externalId: Option.Option<string>; readonly missing: boolean; readonly accept: boolean }
) {
  const asked = [Option.isSome(given.externalId), given.missing, given.accept].filter(Boolean).length
  if (asked !== 1) return yield* new UsageError({ message: "restore takes a row's id, or --missing, or --accept" })
  const what: RestoreWhat = Option.isSome(given.externalId)
    ? { externalId: given.externalId.value }
    : { missing: given.missing ? "create" : "accept" }
  return what
})

const restoreRows = Command.make(
  "restore",
  {
    externalId: Argument.optional(externalId),
    missing: Flag.Boolean("missing").pipe(
      Flag.withDescription("book all rows again that Wealthfolio lost"),
      Flag.withDefault(false)
    ),
    accept: Flag.Boolean("accept").pipe(
      Flag.withDescription("leave them out: they were deleted on purpose"),
      Flag.withDefault(false)
    ),
    format
  },
  Effect.fnUntraced(function*(given) {
    const what = yield* restoreWhat(given)
    yield* run(given.format, {
      command: "restore",
      decide: (options) => Effect.map(restore(what, options), (rows) => counted(rows, "nothing is missing"))
    })
  })
).pipe(Command.withDescription("Bring back a row that was deleted or ignored, or all that a restored Wealthfolio lost"))

const undoRun = Command.make(
  "undo",
  {
    run: Argument.String("run").pipe(Argument.withDescription("id of a run, as status shows it"), Argument.optional),
    all: Flag.Boolean("all").pipe(Flag.withDescription("every row booked so far"), Flag.withDefault(false)),
    yes,
    format
  },
  Effect.fnUntraced(function*(given) {
    const named = Option.getOrUndefined(given.run)
    if ((named === undefined) === !given.all) {
      return yield* new UsageError({ message: "undo takes a run's id, or --all" })
    }
    yield* run(given.format, {
      command: "undo",
      decide: (options) =>
        Effect.map(undo({ ...options, run: named ?? "all", confirmed: given.yes }), (rows) => {
          const { notes } = counted(rows, "nothing to undo")
          return {
            rows,
            notes: [...notes, given.yes ? "the next run books them again" : "nothing was changed: --yes does it"]
          }
        })
    })
  })
).pipe(
  Command.withDescription(
    "Delete the rows that a run booked, but for those edited since; the next run books them again"
  )
)

const openAtStart = Command.make(
  "open-positions",
  {
    file: Flag.String("file").pipe(
      Flag.withMetavar("PATH"),
      Flag.withDescription(
        "what the account held before this downloaded statement; default: the oldest received so far"
      ),
      Flag.optional
    ),
    yes,
    undo: Flag.Boolean("undo").pipe(
      Flag.withDescription("delete the opening rows again, but for those edited since"),
      Flag.withDefault(false)
    ),
    format
  },
  Effect.fnUntraced(function*(given) {
    const file = Option.getOrUndefined(given.file)
    const named = file === undefined ? {} : { file }
    yield* run(given.format, {
      command: "open-positions",
      decide: (options) =>
        Effect.map(
          given.undo
            ? undoOpenPositions({ ...options, ...named })
            : openPositions({ ...options, ...named, confirmed: given.yes }),
          ({ notes, rows }) => ({ rows, notes: [...notes, ...rows.length === 0 ? [] : counted(rows, "").notes] })
        )
    })
  })
).pipe(
  Command.withDescription(
    "Show what the account held before its first statement and Wealthfolio did not, and with --yes book it"
  )
)

const replayArchive = Command.make(
  "replay",
  {
    since: Flag.String("since").pipe(
      Flag.withMetavar("YYYY-MM-DD"),
      Flag.withDescription("only statements and rows from this day on"),
      Flag.optional
    ),
    apply: Flag.Boolean("apply").pipe(
      Flag.withDescription("book what earlier releases skipped; what is booked stays as it is"),
      Flag.withDefault(false)
    ),
    format
  },
  Effect.fnUntraced(function*(given) {
    const since = Option.isSome(given.since) ? yield* parseDay("since", given.since.value) : undefined
    yield* run(given.format, {
      command: "replay",
      decide: (options) =>
        Effect.map(
          replay({ ...options, apply: given.apply, ...(since === undefined ? {} : { since }) }),
          ({ gone, rows, statements }) => ({
            rows,
            notes: [
              `${statements} archived statement(s) mapped again`,
              ...gone.map((path) => `not where it was kept: ${path}`),
              ...counted(rows, "nothing differs from what was booked").notes
            ]
          })
        )
    })
  })
).pipe(Command.withDescription("Map everything received again by today's rules, and show what would differ"))

export const decisions = [ignoreRow, adoptRow, restoreRows, undoRun, replayArchive, openAtStart] as const
