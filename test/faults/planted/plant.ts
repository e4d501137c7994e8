import { registerHooks } from 'node:module'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { BUGS, type BugName, type Patch } from './bugs.ts'

const ROOT = join(import.meta.dirname, '../../..')

/** The variables with which a process of the program has the bug. */
export const planted = (bug: BugName): Readonly<Record<string, string>> => ({
  NODE_OPTIONS: `--import=${import.meta.url}`,
  PLANTED_BUG: bug,
})

/** `source` with the bug in it. Throws where the code is no longer as the patch has it. */
export function patched({ file, find, put }: Patch, source: string): string {
  const parts = source.split(find)
  if (parts.length !== 2) throw new Error(`${file} has ${parts.length - 1} times what is to be replaced: ${find}`)
  return parts.join(put)
}

const bug = process.env['PLANTED_BUG'] as BugName | undefined
if (bug !== undefined) {
  const patches = new Map<string, Patch>(
    BUGS[bug].patches.map((patch) => [pathToFileURL(join(ROOT, patch.file)).href, patch]),
  )
  registerHooks({
    load(url, context, nextLoad) {
      const loaded = nextLoad(url, context)
      const patch = patches.get(url)
      return patch ? { ...loaded, source: patched(patch, String(loaded.source)) } : loaded
    },
  })
}
