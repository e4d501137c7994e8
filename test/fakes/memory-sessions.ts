import type { NextSession, SessionRecord, SessionRecords } from '../../src/ports/session-records.ts'

/** Session records in memory, as plain data and under the hash of their id. `away` refuses, `hanging` never answers. */
export class MemorySessions implements SessionRecords {
  readonly rows = new Map<string, { data: unknown; expiresAt: Date; userId: string | null; usedAt: Date | null }>()
  away = false
  hanging = false

  async get(idHash: string): Promise<SessionRecord | null> {
    await this.#ask()
    return this.#at(idHash)
  }

  async touch(idHash: string, usedAt: Date): Promise<void> {
    await this.#ask()
    const row = this.rows.get(idHash)
    if (row) this.rows.set(idHash, { ...row, usedAt })
  }

  async ofUser(userId: string): Promise<readonly SessionRecord[]> {
    await this.#ask()
    const hashes = [...this.rows].filter(([, row]) => row.userId === userId).map(([idHash]) => idHash)
    return hashes.map((idHash) => this.#at(idHash)).filter((record) => record !== null)
  }

  async set(
    idHash: string,
    data: Readonly<Record<string, unknown>>,
    expiresAt: Date,
    userId: string | null,
  ): Promise<void> {
    await this.#ask()
    this.rows.set(idHash, {
      data: structuredClone(data),
      expiresAt,
      userId,
      usedAt: this.rows.get(idHash)?.usedAt ?? null,
    })
  }

  async destroy(idHash: string): Promise<boolean> {
    await this.#ask()
    return this.rows.delete(idHash)
  }

  async move(idHash: string, { idHash: next, data, expiresAt, userId }: NextSession): Promise<boolean> {
    await this.#ask()
    const row = this.rows.get(idHash)
    if (!row || row.expiresAt <= new Date()) return false
    this.rows.delete(idHash)
    this.rows.set(next, { data: structuredClone(data), expiresAt, userId, usedAt: row.usedAt })
    return true
  }

  #at(idHash: string): SessionRecord | null {
    const row = this.rows.get(idHash)
    return row && row.expiresAt > new Date() ? { idHash, data: structuredClone(row.data), usedAt: row.usedAt } : null
  }

  #ask(): Promise<void> {
    if (this.away) return Promise.reject(new Error('connection refused'))
    return this.hanging ? new Promise(() => {}) : Promise.resolve()
  }
}
