import type { SessionRecords } from '../../src/ports/session-records.ts'

/** Session records in memory, as plain data and under the hash of their id. `away` refuses, `hanging` never answers. */
export class MemorySessions implements SessionRecords {
  readonly rows = new Map<string, { data: unknown; expiresAt: Date; userId: string | null }>()
  away = false
  hanging = false

  async get(idHash: string): Promise<unknown> {
    await this.#ask()
    const row = this.rows.get(idHash)
    return row && row.expiresAt > new Date() ? structuredClone(row.data) : null
  }

  async set(
    idHash: string,
    data: Readonly<Record<string, unknown>>,
    expiresAt: Date,
    userId: string | null,
  ): Promise<void> {
    await this.#ask()
    this.rows.set(idHash, { data: structuredClone(data), expiresAt, userId })
  }

  async destroy(idHash: string): Promise<void> {
    await this.#ask()
    this.rows.delete(idHash)
  }

  #ask(): Promise<void> {
    if (this.away) return Promise.reject(new Error('connection refused'))
    return this.hanging ? new Promise(() => {}) : Promise.resolve()
  }
}
