import { format } from 'node:util'
import type { Logger } from '../../src/ports/logger.ts'

type Level = 'debug' | 'info' | 'warn' | 'error'

/** Remembers every line. `text` is all of it, with what is inside errors: for searching it for secrets. */
export class RecordingLog implements Logger {
  readonly lines: { level: Level; fields: Readonly<Record<string, unknown>>; message: string }[] = []

  debug = this.#at('debug')
  info = this.#at('info')
  warn = this.#at('warn')
  error = this.#at('error')
  child = (): Logger => this

  get text(): string {
    return this.lines.map(({ fields, message }) => format('%s %o', message, fields)).join('\n')
  }

  of(level: Level): readonly string[] {
    return this.lines.filter((line) => line.level === level).map(({ message }) => message)
  }

  #at(level: Level) {
    return (fields: object, message: string): void => {
      this.lines.push({ level, fields: fields as Record<string, unknown>, message })
    }
  }
}
