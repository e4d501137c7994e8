// What is used of two packages that come without types, so that the check needs nothing installed here.

declare module 'openapi-to-postmanv2' {
  type Description = { content: string }
  type Query = { key: string; value: string; description?: Description }
  export type ConvertedItem = {
    name: string
    item?: ConvertedItem[]
    request?: {
      method: string
      description?: Description
      url: { path: string[]; query: Query[] }
      header: { key: string; value: string }[]
      body?: { mode?: string; raw?: string; options?: unknown }
    }
    response?: { name: string; code: number; status: string; header: { key: string; value: string }[]; body?: string }[]
  }
  type Result = { result: boolean; reason?: string; output?: { data: { item: ConvertedItem[] } }[] }
  export function convertV2(
    input: { type: 'string'; data: string },
    options: Record<string, unknown>,
    done: (error: Error | null, result: Result) => void,
  ): void
}

declare module 'newman' {
  type Failure = { source?: { name?: string }; error: { test?: string; name: string; message: string } }
  type Summary = {
    run: {
      failures: Failure[]
      stats: { requests: { total: number }; assertions: { total: number; failed: number } }
    }
  }
  type RequestArguments = {
    item: { name: string }
    request: { method: string; url: { toString(): string } }
    response?: { code: number }
  }
  type Run = { on(event: 'request', listener: (error: Error | null, args: RequestArguments) => void): Run }
  export function run(
    options: {
      collection: unknown
      envVar?: { key: string; value: string }[]
      reporters?: string[]
      bail?: boolean
      timeoutRequest?: number
      timeoutScript?: number
    },
    done: (error: Error | null, summary: Summary) => void,
  ): Run
}
