const longest = 40

/** A piece of a statement as a message or a log line may carry it: one short line, whatever stood there. */
export const briefly = (text: string): string => {
  // Only the head of a long text is looked at.
  const line = text.slice(0, longest * 4).replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu, " ").trim()
  const shown = [...line].slice(0, longest).join("")
  return shown === line && text.length <= longest * 4 ? shown : `${shown}…`
}
