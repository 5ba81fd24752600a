// Imported first by main.ts. An older Node would stop at the first feature it lacks, with a stack trace.
const [major = 0, minor = 0] = process.versions.node.split(".").map(Number)

if (major < 22 || (major === 22 && minor < 19)) {
  process.stderr.write(
    `broker-sync needs Node 22.19 or newer, this is ${process.versions.node}: run it from a clone with npx broker-sync, `
      + "which takes the Node that came with npm install\n"
  )
  process.exit(2)
}
