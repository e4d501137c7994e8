/** What we use of it; it brings no types. */
declare module 'autocannon' {
  import type { EventEmitter } from 'node:events'

  namespace autocannon {
    type Request = { method: string; path: string; headers: Record<string, string>; body: Buffer }
    type Options = { url: string; connections: number; duration: number; requests: Request[] }
    type Result = { errors: number; non2xx: number; '2xx': number }
  }

  /** Emits `response` (client, status, bytes, milliseconds) for each one. */
  function autocannon(
    options: autocannon.Options,
    done: (error: Error | null, result: autocannon.Result) => void,
  ): EventEmitter

  export = autocannon
}
