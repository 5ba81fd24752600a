import type { FixtureOptions } from "../support/fixture.ts"
import { byteMutations, largest } from "./ByteMutations.ts"
import type { Corpus } from "./Corpus.ts"
import { copyOf, printDocument } from "./Document.ts"
import { type Random, randomOf } from "./Random.ts"
import { attributeMutations, type Mutation, rowMutations } from "./RowMutations.ts"
import { storyMutations } from "./StoryMutations.ts"
import { structureMutations } from "./StructureMutations.ts"

/** Where the spool file fails. */
export type Fault = "open" | "write" | "read"

/** One input: the seed and the number give the same one again, on every machine. */
export interface Mutant {
  readonly number: number
  readonly origin: string
  readonly mutations: ReadonlyArray<string>
  readonly bytes: Uint8Array
  readonly options: Pick<FixtureOptions, "account" | "cashTypes" | "startDate" | "symbolMap">
  /** Rows that this earlier input holds are mapped with it. */
  readonly heldFrom?: number
  readonly fault?: Fault
}

/** In the order of what they find: values first, then rows that take others back. */
const families: ReadonlyArray<readonly [weight: number, Readonly<Record<string, Mutation>>]> = [
  [6, attributeMutations],
  [3, rowMutations],
  [4, storyMutations],
  [2, structureMutations]
]
const structural = families.flatMap(([weight, all]) => Array.from({ length: weight }, () => Object.entries(all)).flat())
const ofBytes = Object.entries(byteMutations)

export const mutantOf = (corpus: Corpus, seed: number, number: number): Mutant => {
  const random = randomOf(seed, number)
  const mutations: Array<string> = []
  const origin = random.pick(random.chance(0.95) ? corpus.documents : corpus.origins)
  let bytes = new TextEncoder().encode(origin.text)
  if (origin.root !== undefined) {
    const root = copyOf(origin.root)
    for (let count = random.pick([0, 1, 1, 1, 2, 2, 3, 5, 8]); count > 0; count--) {
      const [name, mutate] = random.pick(structural)
      mutate(root, random, corpus)
      mutations.push(name)
    }
    bytes = new TextEncoder().encode(printDocument(root, random)).subarray(0, largest)
  }
  if (origin.root === undefined || random.chance(0.25)) {
    for (let count = random.pick([1, 1, 2, 4]); count > 0; count--) {
      const [name, mutate] = random.pick(ofBytes)
      bytes = Uint8Array.from(mutate(bytes, random))
      mutations.push(name)
    }
  }
  return {
    number,
    origin: origin.name,
    mutations,
    bytes,
    options: optionsOf(random),
    ...(random.chance(0.1) && number > 0 ? { heldFrom: random.below(number) } : {}),
    ...(random.chance(0.005) ? { fault: random.pick(["open", "write", "read"]) } : {})
  }
}

const symbolMaps: ReadonlyArray<NonNullable<FixtureOptions["symbolMap"]>> = [
  { "51000051": { symbol: "PTT", mic: "XBKK" }, "51000053": { symbol: "GIFT" }, "BAS": { symbol: "BAS.DE" } },
  { "51000001": { symbol: "AAPL", currency: "USD" }, "VUSA": { symbol: "VUSA", mic: "XXXX" } },
  { "constructor": { symbol: "C" }, "__proto__": { symbol: "P.L", mic: "XPAR" }, "KO": { symbol: "KO", mic: "xnys" } }
]

const optionsOf = (random: Random): Mutant["options"] => ({
  account: random.pick(["U1234567", "U1234567", "U1234567", null]),
  cashTypes: random.chance(0.3) ? "extended" : "runbook",
  ...(random.chance(0.1) ? { startDate: random.pick(["2026-01-06", "2026-01-09", "2027-01-01"]) } : {}),
  ...(random.chance(0.2) ? { symbolMap: random.pick(symbolMaps) } : {})
})

/** The bytes as a network might deliver them: whole, in equal pieces, in pieces of any size. */
export const piecesOf = (bytes: Uint8Array, random: Random): ReadonlyArray<Uint8Array> => {
  // A piece costs more than its bytes: few inputs are fed in crumbs.
  const smallest = Math.ceil(bytes.length / random.pick([20, 20, 100, 1_000]))
  const size = Math.max(smallest, random.pick([1, 3, 7, 64, 1_000, 65_536, bytes.length]))
  const varies = random.chance(0.4)
  const pieces: Array<Uint8Array> = []
  for (let at = 0; at < bytes.length;) {
    const length = varies ? random.between(1, size * 2) : size
    pieces.push(bytes.subarray(at, at + length))
    at += length
  }
  return pieces
}
