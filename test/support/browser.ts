/** A person's browser, as far as a login needs one: cookies of one server, pages as text, redirects step by step. */
export type Browser = ReturnType<typeof createBrowser>

export type Page = Readonly<{ status: number; url: string; location: string | null; text: string }>

export function createBrowser(origin: string) {
  const cookies = new Map<string, string>()

  async function step(url: string, init: RequestInit = {}): Promise<Page> {
    const isOurs = new URL(url).origin === new URL(origin).origin
    const headers = new Headers({ accept: 'text/html,application/xhtml+xml,*/*;q=0.8', ...init.headers })
    if (isOurs && cookies.size > 0) headers.set('cookie', [...cookies].map((pair) => pair.join('=')).join('; '))
    const response = await fetch(url, { ...init, headers, redirect: 'manual', signal: AbortSignal.timeout(30_000) })
    if (isOurs) {
      for (const line of response.headers.getSetCookie()) {
        const [name = '', value = ''] = (line.split(';')[0] ?? '').split(/=(.*)/s)
        cookies.set(name, value)
      }
    }
    const location = response.headers.get('location')
    return {
      status: response.status,
      url,
      // A fragment stays in the browser.
      location: location === null ? null : new URL(location, url).href,
      text: await response.text(),
    }
  }

  return {
    cookies,
    step,
    /** Follows redirects to the first page. */
    async visit(url: string): Promise<Page> {
      for (let at = url, hops = 0; ; hops++) {
        const page = await step(at)
        if (page.location === null || hops > 5) return page
        at = page.location
      }
    },
    post: (url: string, body: object) =>
      step(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
  }
}
