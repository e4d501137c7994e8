import vm from 'node:vm'
import type { Part } from '../../src/adapters/http/pages/letter-script.ts'

type Sent = Readonly<{ path: string; init: RequestInit }>

/**
 * A page behind a link, opened as a browser does it: the parts that it was served with, and the script that it names, run in a world
 * that has a place, a history and `fetch`, and nothing else.
 */
export async function openLetter(url: string, link: string) {
  const { pathname, hash } = new URL(link)
  const html = await (await fetch(url + pathname)).text()
  const [, src = ''] = /<script defer src="([^"]+)"/.exec(html) ?? []
  const script = await (await fetch(url + src)).text()

  const parts = new Map<string, Part & { focused: boolean }>()
  const heard = new Map<string, (event: { preventDefault(): void }) => unknown>()
  for (const [tag, id = ''] of html.matchAll(/<[^>]* id="([\w-]+)"[^>]*>/g)) {
    parts.set(id, {
      hidden: / hidden(?=[ >])/.test(tag),
      ...{ textContent: '', value: '', type: / type="(\w+)"/.exec(tag)?.[1] ?? '', checked: false, disabled: false },
      ...{ autocomplete: / autocomplete="([\w-]+)"/.exec(tag)?.[1] ?? '', focused: false },
      focus() {
        for (const each of parts.values()) each.focused = false
        this['focused'] = true
      },
      addEventListener: (what, listener) => void heard.set(`${id} ${what}`, listener),
    })
  }
  const part = (id: string) => {
    const found = parts.get(id)
    if (found === undefined) throw new Error(`The page has no part ${id}.`)
    return found
  }

  const sent: Sent[] = []
  let answering: Promise<unknown> = Promise.resolve()
  const location = { hash, pathname }
  const places: string[] = []
  const world = vm.createContext({
    location,
    history: {
      replaceState: (_data: null, _unused: string, path: string) => {
        places.push(path)
        location.hash = ''
      },
    },
    document: { getElementById: (id: string) => parts.get(id) ?? null },
    addEventListener: (what: string, listener: () => unknown) => void heard.set(what, listener),
    fetch: (path: string, init: RequestInit) => {
      sent.push({ path, init })
      const { cache: _, referrerPolicy: __, ...rest } = init
      const answered = fetch(url + path, rest)
      answering = answered.catch(() => undefined)
      return answered
    },
  })
  vm.runInContext(script, world)

  const shown = () => [...parts].filter(([id, { hidden }]) => !hidden && parts.has(`${id}-heading`)).map(([id]) => id)
  /** Until what was asked is answered and on the page. */
  const settled = async () => {
    for (let quiet = null; quiet !== answering; ) {
      quiet = answering as never
      await answering
      await new Promise((resolve) => setImmediate(resolve))
    }
  }
  return {
    html,
    script,
    part,
    sent,
    places,
    /** The sections that are on the screen. */
    shown,
    /** The heading that has the focus. */
    focused: () => [...parts].find(([, { focused }]) => focused)?.[0] ?? null,
    settled,
    fire: (what: string) => heard.get(what)?.({ preventDefault: () => undefined }),
    async submit(fields: Readonly<Record<string, string>>) {
      for (const [id, value] of Object.entries(fields)) part(id).value = value
      await heard.get('form submit')?.({ preventDefault: () => undefined })
    },
    /** The same tab is sent to another link. */
    async goTo(next: string) {
      location.hash = new URL(next).hash
      await heard.get('hashchange')?.({ preventDefault: () => undefined })
    },
  }
}

export type LetterPage = Awaited<ReturnType<typeof openLetter>>
