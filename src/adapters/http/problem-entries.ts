import { type ProblemCode, type ProblemType, problemTypes, problemTypeUrl } from './problem.ts'

export type ProblemEntry = ProblemType & Readonly<{ code: ProblemCode; type: string }>

/** Every error code with its explanation, as `/problems` tells it. */
export const problemEntries: readonly ProblemEntry[] = Object.entries(problemTypes).map(([name, facts]) => {
  const code = name as ProblemCode
  return { code, type: problemTypeUrl(code), ...facts }
})
