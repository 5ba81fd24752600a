import type * as Sqlite from "node:sqlite"

// Not a static import: on a Node without it the whole program would fail to load, before it can say which Node it needs.
const sqlite: typeof Sqlite = process.getBuiltinModule("node:sqlite")

export const DatabaseSync = sqlite?.DatabaseSync
export type DatabaseSync = Sqlite.DatabaseSync
