import { isReached, type Measure, type Row, ratioOf, type Spread, spreadOf } from './figures.ts'

const HEAD = ['Row', 'Measure', 'Ours: median (min–max)', 'Floor: median (min–max)', 'Ours/floor', 'Target'] as const

/** Plain text that is a Markdown table as well. */
export function tableOf(rows: readonly Row[]): string {
  const lines: (readonly string[])[] = rows.flatMap(({ name, measures }) =>
    measures.map((measure, index) => [index === 0 ? name : '', ...cells(measure)]),
  )
  const widths = HEAD.map((title, column) =>
    Math.max(...[HEAD, ...lines].map((line) => (line[column] ?? title).length)),
  )
  const line = (texts: readonly string[]) =>
    `| ${texts.map((text, i) => text.padEnd(widths[i] as number)).join(' | ')} |`
  const rule = `|${widths.map((width) => '-'.repeat(width + 2)).join('|')}|`
  return [line(HEAD), rule, ...lines.map(line)].join('\n')
}

const cells = (measure: Measure): readonly string[] => [
  `${measure.what}, ${measure.unit}`,
  spreadText(spreadOf(measure.ours)),
  measure.floor === null ? '' : spreadText(spreadOf(measure.floor)),
  ratioOf(measure)?.toFixed(2) ?? '',
  targetText(measure),
]

function targetText(measure: Measure): string {
  const { target, most } = measure
  const reached = isReached(measure) ? 'reached' : 'MISSED'
  if (most !== undefined) return `≤ ${numberText(most)} ${reached}`
  return target === null ? '' : `≥ ${target.toFixed(2)} ${reached}`
}

const spreadText = ({ median, min, max }: Spread): string =>
  `${numberText(median)} (${numberText(min)}–${numberText(max)})`

const numberText = (value: number): string =>
  value >= 100 ? Math.round(value).toLocaleString('en-US') : value.toFixed(value >= 10 ? 1 : 2)
