import { once } from "node:events"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"

export interface Push {
  readonly method: string
  readonly path: string
  readonly body: string
}

export interface Gateway extends AsyncDisposable {
  readonly url: string
  readonly pushes: Array<Push>
  /** What further pushes are answered with. */
  status: number
  /** Series of the group as a real one keeps them: PUT replaces all, POST the metrics named. */
  readonly series: () => ReadonlyMap<string, number>
}

const nameOf = (series: string) => series.replace(/\{.*/, "")

const parsed = (body: string): ReadonlyArray<readonly [string, number]> =>
  body.split("\n").flatMap((line) => {
    const [, name, value] = /^([^#\s].*) (\S+)$/.exec(line) ?? []
    return name === undefined ? [] : [[name, Number(value)] as const]
  })

/** A Pushgateway on loopback that keeps what it is sent. */
export const startGateway = async (): Promise<Gateway> => {
  const pushes: Array<Push> = []
  const gateway: { status: number } = { status: 200 }
  const server = createServer((request, response) => {
    let body = ""
    request.setEncoding("utf8").on("data", (text: string) => void (body += text)).on("end", () => {
      pushes.push({ method: request.method ?? "", path: request.url ?? "", body })
      response.writeHead(gateway.status).end()
    })
  })
  server.listen(0, "127.0.0.1")
  await once(server, "listening")
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  const { port } = server.address() as AddressInfo
  return Object.assign(gateway, {
    url: `http://127.0.0.1:${port}`,
    pushes,
    series: () => {
      let kept = new Map<string, number>()
      for (const { body, method } of pushes) {
        const names = new Set(parsed(body).map(([series]) => nameOf(series)))
        const before = method === "PUT" ? [] : [...kept].filter(([series]) => !names.has(nameOf(series)))
        kept = new Map([...before, ...parsed(body)])
      }
      return kept
    },
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    }
  })
}
