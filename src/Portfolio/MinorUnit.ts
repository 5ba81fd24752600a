/** GBp and GBX are pence of GBP, and likewise; case tells them apart (Wealthfolio crates/core/src/fx/currency.rs). */
export const minorUnits: Readonly<Record<string, string>> = {
  GBp: "GBP",
  GBX: "GBP",
  ZAc: "ZAR",
  ZAC: "ZAR",
  ILA: "ILS",
  KWF: "KWD"
}

export const majorCurrency = (currency: string): string => minorUnits[currency] ?? currency
