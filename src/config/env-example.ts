import { writeFileSync } from 'node:fs'
import { type Variable, variables } from './variables.ts'

/** Read by docker-compose.yml, not by the program: Compose takes them from the same `.env`. */
export const composeVariables: readonly { name: string; description: string }[] = [
  { name: 'POSTGRES_PASSWORD', description: "Password of the database's owner." },
  { name: 'DATABASE_PASSWORD', description: 'Password of the user (dc_login) that the running services log in as.' },
  { name: 'REDIS_PASSWORD', description: 'Password of Redis.' },
  { name: 'RABBITMQ_PASSWORD', description: 'Password of RabbitMQ.' },
]

/** Read by the tests, which never use the program's own variables. */
export const testVariables: readonly { name: string; description: string; example: string }[] = [
  {
    name: 'TEST_DATABASE_URL',
    description: 'A server on which the tests may make and drop databases and roles.',
    example: 'postgres://postgres:postgres@localhost:5432/postgres',
  },
  {
    name: 'TEST_RABBITMQ_URL',
    description: 'A broker whose queues the tests may make and delete.',
    example: 'amqp://localhost:5672',
  },
  {
    name: 'TEST_REDIS_URL',
    description: 'A Redis database that the tests may empty.',
    example: 'redis://localhost:6379/15',
  },
]

const intro = `Settings of DelightChat. Made from src/config/variables.ts by npm run env:example: change it there.
On one machine none is needed. Copy what you want to change into a file named .env; variables that are really set win.
Every line is commented out; the value shown is the default, or an example where it says so.`

export function renderEnvExample(): string {
  const table: readonly Variable[] = variables
  const blocks = [comment(intro)]
  for (const group of new Set(table.map((variable) => variable.group))) {
    blocks.push(heading(group), ...table.filter((variable) => variable.group === group).map(entry))
  }
  blocks.push(
    heading('Docker Compose'),
    comment('Not read by the program. Letters, digits, - and _ only: the passwords become parts of addresses.'),
    ...composeVariables.map(({ name, description }) => `${comment(description)}\n#${name}=`),
    heading('Tests'),
    comment('Read by npm test from its environment only, never from .env.'),
    ...testVariables.map(({ name, description, example }) => `${comment(description)}\n# ${name}=${example}`),
  )
  return `${blocks.join('\n\n')}\n`
}

function entry({ name, description, default: value, defaultNote, example }: Variable): string {
  const note = defaultNote ?? String(value)
  const lines = note === 'unset' ? [description] : [description, `Default: ${note}.`]
  return `${comment(lines.join('\n'))}\n#${name}=${example}`
}

function heading(group: string): string {
  return `# ---- ${group} ----`
}

function comment(text: string): string {
  return text
    .split('\n')
    .map((line) => `# ${line}`)
    .join('\n')
}

/** `npm run env:example` */
export function main(): void {
  writeFileSync(new URL('../../.env.example', import.meta.url), renderEnvExample())
  console.log('Wrote .env.example')
}

if (import.meta.main) main()
