declare const __VERSION__: string | undefined

/** The release; the bundler puts it in, unbundled runs have none. */
export const version: string = typeof __VERSION__ === "string" ? __VERSION__ : "development"
