import type { Plugin } from "rolldown"

/** What libraries do as they load and no command needs, or only later. */
const amendments: ReadonlyArray<readonly [path: string, from: string, to: string]> = [
  // Its data take 8 ms to load, and printable ASCII, which is all that help texts have, needs none.
  [
    "/effect/dist/cli/CliOutput.js",
    `const graphemeSegmenter = /*#__PURE__*/new Intl.Segmenter(undefined, {
  granularity: "grapheme"
});`,
    `const graphemeSegmenter = {
      segment: (text) => /^[ -~]*$/.test(text)
        ? [...text].map((segment) => ({ segment }))
        : new Intl.Segmenter(undefined, { granularity: "grapheme" }).segment(text)
    };`
  ],
  // No flag asks for a missing value: whether it could is not looked up, which opens standard input.
  [
    "/effect/dist/cli/TerminalCapabilities.js",
    `stdinIsTerminal: process?.stdin?.isTTY === true,`,
    `stdinIsTerminal: false,`
  ],
  // It looks into the stack of an error for the name of the function that called: V8 always has it there.
  [
    "/effect/dist/Utils.js",
    `  if (limit === 0) return forced[InternalTypeId];`,
    `  return (limit === 0 ? forced : standard)[InternalTypeId];`
  ],
  // No connection becomes a WebSocket; what is imported later makes the bundler wrap modules.
  [
    "/platform-node/dist/NodeHttpClient.js",
    `import("./internal/upgrade.js")`,
    `Promise.reject(new Error("no connection becomes a WebSocket"))`
  ],
  // Nothing of this is done with files.
  ["/dist/NodeFileSystem.js", `  chmod,\n  chown,\n  copy,\n`, ``],
  ["/dist/NodeFileSystem.js", `  link,\n  lstat,\n`, ``],
  ["/dist/NodeFileSystem.js", `  makeTempFile,\n  makeTempFileScoped,\n`, ``],
  ["/dist/NodeFileSystem.js", `  readDirectoryEntries,\n`, ``],
  ["/dist/NodeFileSystem.js", `  readLink,\n  realPath,\n`, ``],
  ["/dist/NodeFileSystem.js", `  symlink,\n  truncate,\n  utimes,\n`, ``],
  ["/dist/NodeFileSystem.js", `return watch(backend, path, options);`, ``],
  // No form is sent, and no size of a file is a text.
  [
    "/platform-node/dist/NodeHttpClient.js",
    `formDataBody(body.formData, request)`,
    `(() => { throw new Error("no form is sent") })()`
  ],
  ["/effect/dist/ByteSize.js", `      return fromStringUnsafe(input);`, `      break;`],
  // FlexEnvelope.ts has the parser read attributes of none and the content of all elements, and names no property.
  [
    "/OrderedObjParser.js",
    `    this.buildAttributesMap = buildAttributesMap;`,
    `    this.buildAttributesMap = () => undefined;`
  ],
  ["/OrderedObjParser.js", `    this.readStopNodeData = readStopNodeData;`, ``],
  ["/OptionsBuilder.js", `      validatePropertyName(value, name);`, ``],
  // SQLite has no words of its own for what is inserted and updated.
  ["/effect/dist/sql/Statement.js", `if (opts.onInsert) {`, `if (false) {`],
  ["/effect/dist/sql/Statement.js", `if (opts.onRecordUpdateSingle) {`, `if (false) {`],
  // Where several rows are updated by values of their own, RecordTable.ts writes the statement out.
  [
    "/effect/dist/sql/Statement.js",
    `case "RecordUpdateHelper":\n          {`,
    `case "RecordUpdateHelper": if (false) {`
  ],
  // Nor has any other database a table of migrations.
  [
    "/effect/dist/sql/Migrator.js",
    `    mssql: () => sql\`IF OBJECT_ID(N'\${sql.literal(table)}', N'U') IS NULL
  CREATE TABLE \${sql(table)} (
    migration_id INT NOT NULL PRIMARY KEY,
    name VARCHAR(255) NOT NULL,
    created_at DATETIME NOT NULL DEFAULT GETDATE()
  )\`,
    mysql: () => sql\`CREATE TABLE IF NOT EXISTS \${sql(table)} (
  migration_id INTEGER UNSIGNED NOT NULL,
  created_at TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP,
  name VARCHAR(255) NOT NULL,
  PRIMARY KEY (migration_id)
)\`,
    clickhouse: () =>
    // sqlite's \`PRIMARY KEY NOT NULL\` is a syntax error here
    sql\`CREATE TABLE IF NOT EXISTS \${sql(table)} (
  migration_id Int32,
  created_at DateTime DEFAULT now(),
  name String
) ENGINE = MergeTree
ORDER BY migration_id\`,
    pg: () => Effect.flatMap(migrationsTableExists(sql, table), exists => exists ? Effect.void : Effect.asVoid(sql\`CREATE TABLE \${sql(table)} (
  migration_id integer primary key,
  created_at timestamp with time zone not null default now(),
  name text not null
)\`).pipe(Effect.catch(error => Effect.flatMap(migrationsTableExists(sql, table), exists => exists ? Effect.void : Effect.fail(error))))),
`,
    ``
  ],
  // Which one is the last is not asked again, only to be logged.
  [
    "/effect/dist/sql/Migrator.js",
    `    yield* pipe(latestMigration, Effect.flatMap(Option.match({
      onNone: () => Effect.logDebug(\`Migrations complete\`),
      onSome: _ => Effect.logDebug(\`Migrations complete\`).pipe(Effect.annotateLogs("latest_migration_id", _.id.toString()), Effect.annotateLogs("latest_migration_name", _.name))
    })));
`,
    ``
  ],
  // Nor is the schema written to a file.
  ["/effect/dist/sql/Migrator.js", `if (schemaDirectory && completed.length > 0) {`, `if (false) {`],
  // Migrations are effects of a record, not modules that have to be found first.
  ["/effect/dist/sql/Migrator.js", `yield* loadMigration(resolved)`, `yield* resolved[2]`],
  // It writes into spans, which nobody reads.
  ["/effect/dist/internal/effect.js", `new Set([defaultLogger, tracerLogger])`, `new Set([defaultLogger])`],
  // Cli.ts has two built-in flags of its own choice.
  ["/effect/dist/cli/Command.js", `if (flag === GlobalFlag.Wizard) {`, `if (false) {`],
  [
    "/effect/dist/cli/GlobalFlag.js",
    `BuiltIns = [Help, Version, Wizard, Completions, LogLevel]`,
    `BuiltIns = [Help, Version]`
  ]
]

export const amended = (): Plugin => {
  const waiting = new Set(amendments)
  return {
    name: "amended",
    transform(code, id) {
      const found = amendments.filter(([path]) => id.replaceAll("\\", "/").endsWith(path))
      if (found.length === 0) return null
      for (const amendment of found) {
        const [, from, to] = amendment
        if (code.split(from).length === 2) waiting.delete(amendment)
        code = code.replace(from, () => to)
      }
      return { code, map: null }
    },
    buildEnd(error) {
      if (error === undefined && waiting.size > 0) {
        this.error(`not as it was: ${[...waiting].map(([path]) => path).join(", ")}`)
      }
    }
  }
}
