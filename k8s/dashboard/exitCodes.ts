import { MappingType, type ValueMapping } from "@grafana/grafana-foundation-sdk/dashboard"
import { exitCodes } from "../../src/Failure.ts"

/** Red: after a human. Orange: the next run tries again. */
const outcomes = {
  success: { text: "success", color: "green" },
  defect: { text: "defect in the program", color: "red" },
  configuration: { text: "configuration", color: "red" },
  accountGuard: { text: "statement of another account", color: "dark-red" },
  credentials: { text: "IBKR token", color: "red" },
  query: { text: "Flex Query cannot serve", color: "red" },
  brokerBusy: { text: "IBKR busy", color: "orange" },
  lockout: { text: "IBKR lockout", color: "red" },
  statementUnreadable: { text: "statement unreadable", color: "orange" },
  tracker: { text: "Wealthfolio", color: "orange" },
  store: { text: "record store", color: "orange" },
  drift: { text: "drift", color: "red" },
  interrupted: { text: "interrupted", color: "yellow" }
} as const satisfies Record<keyof typeof exitCodes, { readonly text: string; readonly color: string }>

/** Every exit code as `code: what it means`, in its colour. */
export const exitCodeMappings: Array<ValueMapping> = [{
  type: MappingType.ValueToText,
  options: Object.fromEntries(
    Object.entries(exitCodes).map(([name, code], index) => {
      const { color, text } = outcomes[name as keyof typeof exitCodes]
      return [String(code), { index, color, text: `${code}: ${text}` }]
    })
  )
}]
