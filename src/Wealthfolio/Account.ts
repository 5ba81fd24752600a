import type { TrackerAccount } from "../WealthfolioRepo.ts"
import { zoneOf } from "./WallTime.ts"
import type { Accounts } from "./Wire.ts"

/** Why an account cannot be imported into. */
export interface AccountProblem {
  readonly message: string
  readonly hint: string
}

/** An IBKR account number where Wealthfolio's account id belongs. */
export const looksSwapped = (id: string): boolean => /^(U|DU|F|DF|I)\d{4,}[A-Z]?$/i.test(id)

export const swapped = (id: string): AccountProblem => ({
  message: `IBKR_ACCOUNT_ID is ${id}, which is an IBKR account number and not a Wealthfolio account id`,
  hint: "IBKR_ACCOUNT_ID and IBKR_ACCOUNT_ID_UPSTREAM look swapped: the first is Wealthfolio's id, the second IBKR's."
})

/** The account of this id, if rows imported into it become holdings. */
export const choose = (accounts: Accounts, id: string, timezone: string): TrackerAccount | AccountProblem => {
  const account = accounts.find((each) => each.id === id)
  if (account === undefined) {
    const there = accounts.filter((each) => each.isArchived !== true)
      .map((each) => `${each.id} (${each.name}, ${each.currency})`)
    return {
      message: `Wealthfolio has no account ${id}; ${
        there.length === 0 ? "there are none yet" : `there are: ${there.join("; ")}`
      }`,
      hint: there.length === 0
        ? "Create an account in Wealthfolio and set IBKR_ACCOUNT_ID to its id."
        : "Set IBKR_ACCOUNT_ID to one of these ids."
    }
  }
  if (account.isArchived === true) {
    return {
      message: `The Wealthfolio account ${account.name} (${id}) is archived: rows in it count for nothing`,
      hint: "Unarchive it in Wealthfolio, or set IBKR_ACCOUNT_ID to another account."
    }
  }
  if (account.trackingMode === "HOLDINGS") {
    return {
      message:
        `The Wealthfolio account ${account.name} (${id}) tracks holdings only: activities never become holdings in it`,
      hint: "Switch the account to tracking transactions in Wealthfolio, or set IBKR_ACCOUNT_ID to another account."
    }
  }
  const zone = zoneOf(timezone)
  if (zone === undefined) {
    return {
      message: `Wealthfolio's time zone ${JSON.stringify(timezone)} is none that is known here`,
      hint: "Choose a time zone like Europe/London in Wealthfolio's settings."
    }
  }
  return { id: account.id, name: account.name, currency: account.currency, timeZone: zone.id }
}
