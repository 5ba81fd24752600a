import { assert, it } from "@effect/vitest"
import { oldestServedDay } from "../../src/Ibkr/FlexHistory.ts"
import * as PlainDate from "../../src/Portfolio/PlainDate.ts"

it("IBKR serves four calendar years before this one", () => {
  const oldest = (today: string) => oldestServedDay(PlainDate.of(today))
  assert.strictEqual(oldest("2026-01-01"), "2022-01-01")
  assert.strictEqual(oldest("2026-12-31"), "2022-01-01")
  assert.strictEqual(oldest("2028-02-29"), "2024-01-01")
})
