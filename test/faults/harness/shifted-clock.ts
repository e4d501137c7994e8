// `node --import` this: every Date of the process is CLOCK_BY_MS off. Its monotonic clock is not.
const byMs = Number(process.env['CLOCK_BY_MS'] ?? 0)
const RealDate = Date

globalThis.Date = class extends RealDate {
  constructor(...given: unknown[]) {
    if (given.length === 0) super(RealDate.now() + byMs)
    else super(...(given as [number]))
  }
  static override now(): number {
    return RealDate.now() + byMs
  }
} as DateConstructor
