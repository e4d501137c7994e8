import { type Arguments, UsageError } from './cli-arguments.ts'
import type { Control, Phone } from './cli-target.ts'
import { DEFAULT_PERSON } from './perform.ts'
import { phoneLines } from './phone-lines.ts'

type Print = (line: string) => void

/** What a running simulator is asked besides actions; the caller has seen to it that there is one. */
export async function runCommand(given: Arguments, ask: Control, print: Print): Promise<void> {
  const { command } = given
  switch (command) {
    case 'phone': {
      const who = given.request.from ?? DEFAULT_PERSON
      const phone = await ask<Phone>('GET', `/phones/${encodeURIComponent(who)}`)
      for (const line of phoneLines(phone)) print(line)
      return
    }
    case 'fault': {
      const { waiting } = await ask<{ waiting: number }>('POST', '/faults', faultOf(given))
      return print(`${given.words[0]} waits (${waiting} in all)`)
    }
    case 'faults': {
      const { faults } = await ask<{ faults: object[] }>('GET', '/faults')
      for (const fault of faults) print(JSON.stringify(fault))
      return
    }
    case 'no-faults':
      await ask('DELETE', '/faults')
      return print('no fault waits')
    case 'revoke':
      await ask('POST', '/revocations', {})
      return print('the tokens are void')
    case 'ledger':
      return print(JSON.stringify(await ask('GET', '/ledger'), null, 2))
    default:
      throw new UsageError(`${command} is nothing to ask a simulator`)
  }
}

/** `--set code=551 --set subcode=1545041`: whole numbers are numbers, the rest is text. */
function faultOf({ words, fault: { on, times, set } }: Arguments): object {
  const number = (value: string) => (/^-?\d+$/.test(value) ? Number(value) : value)
  const facts = set.map((pair) => {
    const [name, ...value] = pair.split('=')
    if (!name || value.length === 0) throw new UsageError('--set is name=value, for example --set code=551')
    return [name, number(value.join('='))] as const
  })
  return {
    kind: words[0],
    ...Object.fromEntries(facts),
    ...(on === undefined ? {} : { on }),
    ...(times === undefined ? {} : { times: number(times) }),
  }
}
