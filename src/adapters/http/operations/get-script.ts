import { NotFound } from '../../../core/errors.ts'
import { forEverybody } from '../operation.ts'
import { letterScripts } from '../pages/letter-script.ts'

export const getScript = forEverybody(() => ({ params }) => {
  const name = /^(.+)\.js$/.exec(String(params['file']))?.[1] ?? ''
  const body = Object.hasOwn(letterScripts, name) ? letterScripts[name] : undefined
  if (body === undefined) throw new NotFound('script')
  return { status: 200, type: 'text/javascript', body }
})
