export type GuardedRequest = Readonly<{
  method: 'GET' | 'HEAD' | 'POST'
  /** As a person gave it. */
  url: string
  headers?: Readonly<Record<string, string>>
  body?: string
  /** Of the answer; what comes beyond is not read. */
  maxBytes: number
  /** For everything: names, connections, redirects and the answer. */
  timeoutMs: number
  /** How many are followed, each checked like the first address. With 0 a redirect is an answer like others. */
  maxRedirects: number
  /** Refuses addresses that are not https, also where a redirect leads. */
  httpsOnly?: boolean
  /** Gives it up, as the time does. */
  signal?: AbortSignal
}>

export type GuardedAnswer =
  | Readonly<{
      status: 'answered'
      code: number
      /** Names in lower case. */
      headers: Readonly<Record<string, string>>
      /** As it came: nothing is unpacked. */
      body: Uint8Array
      isCut: boolean
    }>
  /** Nothing was sent to this address: what it is, and not what it answers. */
  | Readonly<{ status: 'refused'; reason: string }>
  | Readonly<{
      status: 'failed'
      detail: string
      /** A connection was made: the request may have been read, whatever became of its answer. */
      mayHaveArrived: boolean
    }>

/** Calls addresses that people or customers gave us, and only where they lie on the open internet. */
export interface GuardedClient {
  /** Resolves for every outcome; rejects only on a bug. */
  request(request: GuardedRequest): Promise<GuardedAnswer>
}
