import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { programOnPath } from './throwaway.ts'

/** What a curl command asks for. */
export type CurlRequest = Readonly<{
  method: string
  url: string
  headers: Readonly<Record<string, string>>
  /** `-d`, as it stands there. */
  data: string | null
  /** `-F`, sent as multipart. */
  form: Readonly<Record<string, string>> | null
}>

export type CurlAnswer = Readonly<{ status: number; type: string; text: string; location: string; json: <T>() => T }>

/** Throws for an option it does not know, so that none goes unnoticed. */
export function requestOf(words: readonly string[]): CurlRequest {
  const [program, ...rest] = words
  if (program !== 'curl') throw new Error(`Not a curl command: ${words.join(' ')}`)
  const headers: Record<string, string> = {}
  const form: Record<string, string> = {}
  const urls: string[] = []
  let data: string | null = null
  let method: string | null = null
  while (rest.length > 0) {
    const word = rest.shift() as string
    const value = () => rest.shift() ?? ''
    if (word === '-X') method = value()
    else if (word === '-d') data = value()
    else if (word === '-H') Object.assign(headers, pair(value(), ':'))
    else if (word === '-F') Object.assign(form, pair(value(), '='))
    else if (word.startsWith('-') && word !== '-s') throw new Error(`What is ${word}? ${words.join(' ')}`)
    else if (word !== '-s') urls.push(word)
  }
  const [url] = urls
  if (url === undefined || urls.length > 1) throw new Error(`One URL, please: ${words.join(' ')}`)
  const hasForm = Object.keys(form).length > 0
  return {
    method: method ?? (data !== null || hasForm ? 'POST' : 'GET'),
    url,
    headers,
    data,
    form: hasForm ? form : null,
  }
}

function pair(text: string, separator: string): Record<string, string> {
  const at = text.indexOf(separator)
  return { [text.slice(0, at).trim()]: text.slice(at + 1).trim() }
}

const MARK = '\u001e'

/** Runs the command as it stands, in a shell; only where this machine has no curl, as a fetch of the same request. */
export async function runCurl(command: Readonly<{ text: string; words: readonly string[] }>): Promise<CurlAnswer> {
  if (programOnPath('curl') === null) return runFetch(requestOf(command.words))
  const format = ['http_code', 'content_type', 'redirect_url'].map((name) => `${MARK}%{${name}}`).join('')
  const script = `${command.text} --disable --silent --show-error --max-time 20 --write-out '${format}'`
  // `--disable` counts as a first option only; an empty home has no .curlrc either.
  const env = { PATH: process.env['PATH'] ?? '', HOME: '/nonexistent', NO_PROXY: '*' }
  const shell = spawn('sh', ['-c', script], { env, stdio: ['ignore', 'pipe', 'pipe'] })
  const output = { stdout: '', stderr: '' }
  for (const name of ['stdout', 'stderr'] as const) {
    shell[name].setEncoding('utf8').on('data', (chunk: string) => (output[name] += chunk))
  }
  const [code] = await once(shell, 'close')
  const [text = '', status = '', type = '', location = ''] = output.stdout.split(MARK)
  if (code !== 0) throw new Error(`${command.text}\nended with ${code}: ${output.stderr}`)
  return answer(Number(status), type, text, location)
}

async function runFetch({ method, url, headers, data, form }: CurlRequest): Promise<CurlAnswer> {
  const multipart = form === null ? null : new FormData()
  for (const [name, value] of Object.entries(form ?? {})) multipart?.set(name, value)
  const type = data === null ? {} : { 'content-type': 'application/x-www-form-urlencoded' }
  const response = await fetch(url, {
    method,
    // Lower case: `Content-Type` of the command replaces curl's own.
    headers: {
      ...type,
      ...Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value])),
    },
    body: multipart ?? data,
    redirect: 'manual',
    signal: AbortSignal.timeout(20_000),
  })
  const location = response.headers.get('location') ?? ''
  return answer(response.status, response.headers.get('content-type') ?? '', await response.text(), location)
}

const answer = (status: number, type: string, text: string, location: string): CurlAnswer => ({
  status,
  type,
  text,
  location,
  json: <T>() => JSON.parse(text) as T,
})
