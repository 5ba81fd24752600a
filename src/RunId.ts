import { randomBytes } from "node:crypto"

const alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

/** A ULID: 26 characters, sorts by time, told apart by 80 random bits. */
export const newRunId = (millis: number): string => {
  let time = ""
  for (let rest = millis, place = 0; place < 10; place++, rest = Math.floor(rest / 32)) {
    time = alphabet.charAt(rest % 32) + time
  }
  return time + Array.from(randomBytes(16), (byte) => alphabet.charAt(byte % 32)).join("")
}
