import type { ConfigProblem } from './types.ts'

/** Exit code of a program that was configured wrongly (EX_CONFIG of sysexits.h). */
export const configExitCode = 78

/** What a person reads on stderr when the configuration is wrong. */
export function problemsReport(problems: readonly ConfigProblem[]): string {
  const count = problems.length === 1 ? 'One setting is' : `${problems.length} settings are`
  const lines = problems.map(({ problem }) => `  - ${problem}`)
  return [`${count} wrong:`, ...lines, '.env.example describes every setting.'].join('\n')
}
