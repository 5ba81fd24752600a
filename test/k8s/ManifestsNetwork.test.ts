import { assert, describe, it } from "@effect/vitest"
import { BlockList, isIPv6 } from "node:net"
import { cronJobs, type Manifest, ofKind, one, render } from "./render.ts"

interface Peer {
  readonly ipBlock?: { readonly cidr: string; readonly except?: ReadonlyArray<string> }
  readonly namespaceSelector?: { readonly matchLabels: Readonly<Record<string, string>> }
  readonly podSelector?: { readonly matchLabels: Readonly<Record<string, string>> }
}

interface NetworkPolicy extends Manifest {
  readonly spec: {
    readonly podSelector: { readonly matchLabels?: Readonly<Record<string, string>> }
    readonly policyTypes: ReadonlyArray<string>
    readonly ingress?: ReadonlyArray<unknown>
    readonly egress?: ReadonlyArray<{
      readonly to?: ReadonlyArray<Peer>
      readonly ports?: ReadonlyArray<{ readonly protocol: string; readonly port: number }>
    }>
  }
}

const policies = ofKind<NetworkPolicy>(render("base"), "NetworkPolicy")

const selects = (selector: NetworkPolicy["spec"]["podSelector"], labels: Readonly<Record<string, string>>) =>
  Object.entries(selector.matchLabels ?? {}).every(([key, value]) => labels[key] === value)

const contains = (cidr: string, address: string): boolean => {
  const [network = "", bits] = cidr.split("/")
  const family = isIPv6(network) ? "ipv6" : "ipv4"
  if (isIPv6(address) !== (family === "ipv6")) return false
  const list = new BlockList()
  list.addSubnet(network, Number(bits), family)
  return list.check(address, family)
}

/** Where a pod with the CronJob's labels gets to, by address. */
const reaches = (address: string, port: number, protocol = "TCP"): boolean =>
  policies.some(({ spec }) =>
    (spec.egress ?? []).some(({ ports, to }) =>
      (ports ?? []).some((one) => one.port === port && one.protocol === protocol)
      && (to ?? []).some(({ ipBlock }) =>
        ipBlock !== undefined && contains(ipBlock.cidr, address)
        && !(ipBlock.except ?? []).some((cidr) => contains(cidr, address))
      )
    )
  )

/** Peers named by labels, with the ports that are open to them. */
const peers = policies.flatMap(({ spec }) =>
  (spec.egress ?? []).flatMap(({ ports, to }) =>
    (to ?? []).filter(({ ipBlock }) => ipBlock === undefined).map((peer) => ({
      namespace: peer.namespaceSelector?.matchLabels["kubernetes.io/metadata.name"],
      pod: peer.podSelector?.matchLabels,
      ports: (ports ?? []).map(({ port, protocol }) => `${protocol} ${port}`)
    }))
  )
)

describe("the network", () => {
  it("nothing comes in, and nothing goes out that no policy names", () => {
    const deny = one<NetworkPolicy>(render("base"), "NetworkPolicy", "broker-sync-default-deny")
    assert.deepStrictEqual(deny.spec, { podSelector: {}, policyTypes: ["Ingress", "Egress"] })
    for (const { spec } of policies) assert.notProperty(spec, "ingress")
    for (const { metadata, spec } of policies.filter((policy) => policy !== deny)) {
      assert.deepStrictEqual(spec.policyTypes, ["Egress"], metadata.name)
      for (const { ports, to } of spec.egress ?? []) {
        assert.isNotEmpty(to, `${metadata.name}: to anywhere`)
        assert.isNotEmpty(ports, `${metadata.name}: on any port`)
      }
    }
  })

  it.each(["8.8.8.8", "172.32.0.1", "172.15.255.255", "100.128.0.1", "2001:4860:4860::8888"])(
    "out to %s on 443 alone",
    (address) => {
      assert.isTrue(reaches(address, 443))
      for (const port of [80, 22, 53, 6443, 8088]) assert.isFalse(reaches(address, port), `${port}`)
      assert.isFalse(reaches(address, 443, "UDP"))
    }
  )

  it.each([
    "10.42.0.1",
    "10.43.0.1",
    "172.16.0.1",
    "172.31.255.255",
    "192.168.1.1",
    "100.64.0.1",
    "127.0.0.1",
    "169.254.169.254",
    "::1",
    "fd00::1",
    "fe80::1"
  ])("not to %s, which is inside", (address) => {
    assert.isFalse(reaches(address, 443))
  })

  it("to the cluster's DNS, to Wealthfolio and to the Pushgateway", () => {
    assert.deepStrictEqual(peers, [
      { namespace: "kube-system", pod: { "k8s-app": "kube-dns" }, ports: ["UDP 53", "TCP 53"] },
      {
        namespace: "monitoring",
        pod: { "app.kubernetes.io/name": "prometheus-pushgateway" },
        ports: ["TCP 9091"]
      },
      { namespace: "wealthfolio", pod: { "app.kubernetes.io/name": "wealthfolio" }, ports: ["TCP 8088"] }
    ])
  })

  it("the Pushgateway that the vault overlay pushes to is one that may be reached", () => {
    interface ConfigMap extends Manifest {
      readonly data: Readonly<Record<string, string>>
    }
    const settings = one<ConfigMap>(render("overlays/vault"), "ConfigMap", "broker-sync-settings")
    const { hostname, port } = new URL(settings.data["PUSHGATEWAY_URL"] ?? "")
    const [, namespace] = hostname.split(".")
    assert.isTrue(peers.some((peer) => peer.namespace === namespace && peer.ports.includes(`TCP ${port}`)))
    assert.strictEqual(settings.data["LOG_FORMAT"], "json", "what the base sets stays")
  })

  it.each(["base", "overlays/vault", "overlays/family", "overlays/twice-daily"])(
    "the policies of %s are about the pods of each of its CronJobs",
    (overlay) => {
      const manifests = render(overlay)
      for (const { metadata, spec } of cronJobs(manifests)) {
        const { labels } = spec.jobTemplate.spec.template.metadata
        for (const policy of ofKind<NetworkPolicy>(manifests, "NetworkPolicy")) {
          assert.strictEqual(policy.metadata.namespace, metadata.namespace)
          assert.isTrue(selects(policy.spec.podSelector, labels), `${policy.metadata.name} ${metadata.name}`)
        }
      }
    }
  )

  it("pods that do not meet Pod Security's restricted are not let in", () => {
    const { metadata } = one(render("base"), "Namespace")
    for (const mode of ["enforce", "audit", "warn"]) {
      assert.strictEqual(metadata.labels?.[`pod-security.kubernetes.io/${mode}`], "restricted")
    }
  })
})
