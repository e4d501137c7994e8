import { DomainError, type FieldError } from '../errors.ts'

/** A rule that a reply's content breaks; the first one names the problem, all of them are listed. */
export type Breach = Readonly<{
  code:
    | 'content-empty'
    | 'content-too-long'
    | 'capability-missing'
    | 'attachment-unsupported'
    | 'attachment-too-large'
    | 'url-not-allowed'
  pointer: string
  detail: string
  extra?: Readonly<Record<string, unknown>>
}>

/** Collects everything that is wrong, so that a client need not find out one by one. */
export class ContentCheck {
  readonly #breaches: Breach[] = []
  readonly #whyTextOnly: string | null

  /** `whyTextOnly`: what is said of everything that is missing, where the reason is that this place takes text alone. */
  constructor(whyTextOnly: string | null = null) {
    this.#whyTextOnly = whyTextOnly
  }

  breach(breach: Breach): void {
    this.#breaches.push(breach)
  }

  /** Counted in characters as Unicode has them. */
  length(text: string, maxChars: number, pointer: string): void {
    const chars = [...text].length
    if (chars > maxChars) this.tooMuch(pointer, `${chars} characters, at most ${maxChars}`, chars, maxChars)
  }

  count(items: readonly unknown[], max: number, pointer: string): void {
    if (items.length > max) this.tooMuch(pointer, `${items.length} of them, at most ${max}`, items.length, max)
  }

  tooMuch(pointer: string, detail: string, actual: number, max: number): void {
    this.breach({ code: 'content-too-long', pointer, detail, extra: { actual, max } })
  }

  missing(pointer: string, what: string): void {
    const detail = this.#whyTextOnly ?? `This channel has no ${what} here.`
    this.breach({ code: 'capability-missing', pointer, detail })
  }

  empty(pointer: string, detail: string): void {
    this.breach({ code: 'content-empty', pointer, detail })
  }

  get isClean(): boolean {
    return this.#breaches.length === 0
  }

  /** Throws what was found. */
  end(): void {
    const [first] = this.#breaches
    if (!first) return
    const errors = this.#breaches.map(
      ({ pointer, code, detail }): FieldError => ({ in: 'body', pointer, code, detail }),
    )
    throw new DomainError(first.code, `${first.pointer}: ${first.detail}`, { errors, extra: { ...first.extra } })
  }
}
