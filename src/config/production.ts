import { passwordOf, splitSecrets } from './formats.ts'
import type { Given } from './read-variables.ts'
import type { ConfigProblem, Role } from './types.ts'
import type { VariableName } from './variables.ts'

/** The default password of docker-compose.yml: everybody can read it there. */
export const localPassword = 'delightchat-local-only'
const leastSecretLength = 32

/** Roles that cannot do their work without the variable. */
const required: readonly { name: VariableName; roles: readonly Role[] | 'every' }[] = [
  // A worker that sends hands out links too, and so does the operator.
  { name: 'PUBLIC_URL', roles: ['all', 'api', 'outbound', 'cli'] },
  { name: 'DATABASE_URL', roles: 'every' },
  { name: 'SESSION_SECRET', roles: ['all', 'api', 'outbound'] },
  { name: 'ENCRYPTION_KEYS', roles: ['all', 'api', 'inbound', 'outbound', 'scheduler'] },
]

/** What is good enough for trying out, and not for real people's messages. */
export function productionProblems(given: Given, role: Role): ConfigProblem[] {
  if (given.NODE_ENV !== 'production') return []
  const problems: ConfigProblem[] = []
  const refuse = (name: VariableName, what: string) =>
    problems.push({ name, problem: `${name} ${what} with NODE_ENV=production.` })

  for (const { name, roles } of required) {
    if (given[name] === undefined && (roles === 'every' || roles.includes(role))) refuse(name, 'must be set')
  }
  for (const name of ['SESSION_SECRET', 'METRICS_TOKEN'] as const) {
    const secrets = name === 'SESSION_SECRET' ? splitSecrets(given[name] ?? '') : [given[name] ?? '']
    if (secrets.some((secret) => secret !== '' && secret.length < leastSecretLength)) {
      refuse(name, `must have ${leastSecretLength} characters or more`)
    }
  }
  for (const name of ['DATABASE_URL', 'DATABASE_ADMIN_URL', 'RABBITMQ_URL', 'REDIS_URL'] as const) {
    if (passwordOf(given[name] ?? '') === localPassword)
      refuse(name, "must not have docker-compose.yml's local default password")
  }
  // Sessions and people's letters go there; only a machine of one's own needs no encryption, behind whatever is in front of it.
  if (given.PUBLIC_URL?.startsWith('http:') && !isThisMachine(given.PUBLIC_URL))
    refuse('PUBLIC_URL', 'must be an https address')
  // The app's secret goes there, and people type their passwords there.
  for (const name of ['INSTAGRAM_OAUTH_URL', 'INSTAGRAM_TOKEN_URL', 'FACEBOOK_OAUTH_URL'] as const) {
    if (given[name]?.startsWith('http:')) refuse(name, 'must be an https address')
  }
  // Access tokens of other people's businesses go there; only a stand-in on this machine needs no encryption.
  for (const name of ['INSTAGRAM_GRAPH_URL', 'FACEBOOK_GRAPH_URL'] as const) {
    const url = given[name]
    if (url?.startsWith('http:') && !isThisMachine(url)) refuse(name, 'must be an https address')
  }
  const broker = given.RABBITMQ_URL
  if (broker !== undefined && passwordOf(broker) === 'guest' && !isThisMachine(broker))
    refuse('RABBITMQ_URL', "must not have RabbitMQ's default password")
  for (const name of ['ALLOW_UNVERIFIED_WEBHOOKS', 'ALLOW_PRIVATE_URLS'] as const)
    if (given[name] === 'true') refuse(name, 'must not be on')
  if (given.FAILPOINT !== undefined) refuse('FAILPOINT', 'must not be set')
  return problems
}

const isThisMachine = (url: string): boolean => {
  const { hostname } = new URL(url)
  return hostname === 'localhost' || hostname === '[::1]' || /^127\.\d+\.\d+\.\d+$/.test(hostname)
}
