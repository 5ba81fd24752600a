/** IBKR's documented address. The `Url` it returns with a reference is legacy and ignored. */
export const flexBaseUrl = "https://ndcdyn.interactivebrokers.com/AccountManagement/FlexWebService"

const ibkrHosts: ReadonlyArray<string> = ["ndcdyn.interactivebrokers.com", "gdcdyn.interactivebrokers.com"]

const isLoopback = (url: URL) =>
  url.hostname === "localhost" || url.hostname === "[::1]" || /^127(?:\.\d{1,3}){3}$/.test(url.hostname)

/** True for a stand-in on this machine: pacing does not apply to it. */
export const isLoopbackUrl = (text: string): boolean => {
  const url = URL.parse(text)
  return url !== null && isLoopback(url)
}

/** The token goes to this address: only IBKR's hosts over https, or loopback, and nothing hidden in the URL. */
export const isAllowedBaseUrl = (text: string): boolean => {
  const url = URL.parse(text)
  if (url === null || url.username !== "" || url.password !== "" || url.search !== "" || url.hash !== "") return false
  if (isLoopback(url)) return url.protocol === "http:" || url.protocol === "https:"
  return url.protocol === "https:" && url.port === "" && ibkrHosts.includes(url.hostname)
}
