const temporary = /\.(?:OLD|NEW|OD\d?|TEN\d?|TEMP)$/

/** Without the ending under which a line goes over in a corporate action. */
export const finalSymbol = (symbol: string): string => symbol.replace(temporary, "") || symbol

/** `ABC(US0000000001) CASH DIVIDEND …`: in the brackets stands the ISIN; of a line without one its contract id. */
export const namedSecurity = /^(\S+(?: [A-Z])?)\s*\(([A-Z0-9]{4,12})\)/
