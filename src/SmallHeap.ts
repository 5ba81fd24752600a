import { keepHeapSmall } from "./Heap.ts"

/** What only prints and ends has no use for it; and under flags of its own V8 compiles Node's modules anew. */
const printsAlone = process.argv.slice(2).some((argument) => argument === "--version" || argument === "--help")

// Imported by main.ts before the libraries: what they set up as they load counts too.
if (!printsAlone) keepHeapSmall()
