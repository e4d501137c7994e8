import type { OpenAPIV3_1 } from 'openapi-types'
import { KEY_SCOPES } from '../../../core/api-key/api-key.ts'
import { isPermission, type Permission } from '../../../core/member/permissions.ts'
import { isRecord, lookUp, toPointer } from '../../schema-kit/json-pointer.ts'

/** `public`: anybody may call it. `self`: everybody who is signed in, about what is their own. */
export type DeclaredPermission = Permission | 'public' | 'self'

/** Whether it takes a password given lately: always, never, or where the body has one of these fields. */
export type ReauthRule = boolean | readonly string[]

/**
 * How it keeps to the channels of whoever has some of them only: the path names something of a channel, its list is filtered, or it is
 * about nothing of a channel. Null: it does not.
 */
export type ByChannel = (typeof BY_CHANNEL)[number]
const BY_CHANNEL = ['path', 'filter', 'free'] as const

/** One operation of the contract, as a router needs it. */
export type DeclaredOperation = Readonly<{
  operationId: string
  /** In lower case, as in the document and as Express names its methods. */
  method: HttpMethod
  /** In the form of Express 5: `/orgs/:orgId/channels`. */
  path: string
  /** As in the document: `/orgs/{orgId}/channels`. */
  template: string
  /** Outside request validation: takes any bytes, content type and query. */
  raw: boolean
  /** `bytes` is a file, of any type and as it is: the handler reads it. Where there is none, what is sent is not looked at. */
  body: 'none' | 'json' | 'bytes'
  /** Takes query parameters that are not described: others than we write the address. */
  furtherQuery: boolean
  /** The names of the security schemes that open it, one is enough. Empty if it is public. */
  security: readonly string[]
  /** What it takes to call it. */
  permission: DeclaredPermission
  reauth: ReauthRule
  byChannel: ByChannel | null
  parameters: readonly DeclaredParameter[]
  /** Where it stands in the document, as a JSON pointer. */
  pointer: string
}>

export type DeclaredParameter = Readonly<{
  /** Headers in lower case. */
  name: string
  in: 'path' | 'query' | 'header'
  required: boolean
  default: unknown
  /** Several values in one, parted by commas. */
  isList: boolean
  /** The code of the problem that a bad value is, where it is not `invalid-request`. */
  problemCode: string | null
  /** Of its schema. */
  pointer: string
}>

const methods = ['get', 'put', 'post', 'patch', 'delete'] as const
export type HttpMethod = (typeof methods)[number]

/** Whether it needs a signed-in member. */
export function needsSession(operation: Pick<DeclaredOperation, 'security'>): boolean {
  return operation.security.includes('bearer')
}

export function collectOperations(document: OpenAPIV3_1.Document): readonly DeclaredOperation[] {
  return Object.entries(document.paths ?? {}).flatMap(([template, item]) =>
    methods.flatMap((method) => {
      const operation = item?.[method]
      if (!operation) return []
      const pointer = toPointer('paths', template, method)
      if (!operation.operationId) throw new Error(`an operation without an operationId in the contract: ${pointer}`)
      const security = securityOf(operation.security ?? document.security ?? [])
      const permission = permissionIn(operation, template, security)
      checkKeys(operation, permission, security)
      return {
        operationId: operation.operationId,
        method,
        path: template.replace(/\{(\w+)\}/g, ':$1'),
        template,
        raw: Reflect.get(operation, 'x-raw') === true,
        body: bodyOf(document, pointer),
        furtherQuery: Reflect.get(operation, 'x-further-query') === true,
        security,
        permission,
        reauth: reauthIn(operation, permission),
        byChannel: byChannelIn(operation, template),
        parameters: [toPointer('paths', template), pointer].flatMap((at) => parametersAt(document, at)),
        pointer,
      }
    }),
  )
}

function bodyOf(document: OpenAPIV3_1.Document, pointer: string): DeclaredOperation['body'] {
  const content = lookUp(document, pointer + toPointer('requestBody', 'content'))?.value
  if (!isRecord(content)) return 'none'
  return 'application/json' in content ? 'json' : 'bytes'
}

// `{}` among the alternatives means that it can be called without any of them.
function securityOf(requirements: readonly OpenAPIV3_1.SecurityRequirementObject[]): readonly string[] {
  return requirements.flatMap((requirement) => Object.keys(requirement))
}

/** Throws where there is none, and where it does not go with the path and the security schemes. */
function permissionIn(
  operation: OpenAPIV3_1.OperationObject,
  template: string,
  security: readonly string[],
): DeclaredPermission {
  const name: unknown = Reflect.get(operation, 'x-permission')
  const refuse = (why: string) => new Error(`x-permission of ${operation.operationId} in the contract: ${why}`)
  if (typeof name !== 'string') throw refuse('it has none')
  if (name !== 'public' && name !== 'self' && !isPermission(name)) throw refuse(`there is no permission ${name}`)
  if ((name === 'public') === needsSession({ security })) throw refuse(`${name} does not go with its security`)
  if (isPermission(name) && !isOfOrganization(template)) throw refuse('outside an organization nobody has permissions')
  return name
}

function reauthIn(operation: OpenAPIV3_1.OperationObject, permission: DeclaredPermission): ReauthRule {
  const rule: unknown = Reflect.get(operation, 'x-reauth') ?? false
  const isRule = typeof rule === 'boolean' || (Array.isArray(rule) && rule.every((field) => typeof field === 'string'))
  if (!isRule || (rule !== false && permission === 'public')) {
    throw new Error(`x-reauth of ${operation.operationId} in the contract is no rule for it`)
  }
  return rule
}

/** What is about people, keys or somebody's own, or takes a password, is no key's. */
function checkKeys(
  operation: OpenAPIV3_1.OperationObject,
  permission: DeclaredPermission,
  security: readonly string[],
): void {
  if (!security.includes('apiKey') || operation.operationId === 'getMe') return
  const isFit =
    isPermission(permission) && KEY_SCOPES.includes(permission) && Reflect.get(operation, 'x-reauth') !== true
  if (isFit) return
  throw new Error(`${operation.operationId} in the contract is for no API key: give it \`security: *session\``)
}

function byChannelIn(operation: OpenAPIV3_1.OperationObject, template: string): ByChannel | null {
  const given: unknown = Reflect.get(operation, 'x-by-channel')
  const found = BY_CHANNEL.find((one) => one === given) ?? null
  const isNamed = /\{(channelId|ticketId|customerId)\}/.test(template)
  if ((given !== undefined && found === null) || (found === 'path' && !isNamed)) {
    throw new Error(`x-by-channel of ${operation.operationId} in the contract is no rule for it`)
  }
  return found
}

/** Whether the path, in either form, is below one organization. */
export const isOfOrganization = (path: string): boolean => /^\/orgs\/(:orgId|\{orgId\})(\/|$)/.test(path)

function parametersAt(document: OpenAPIV3_1.Document, pointer: string): readonly DeclaredParameter[] {
  const list = lookUp(document, pointer + toPointer('parameters'))?.value
  if (!Array.isArray(list)) return []
  return list.map((_, index) => {
    const found = lookUp(document, pointer + toPointer('parameters', String(index)))
    if (!found || !isRecord(found.value)) throw new Error(`a parameter in the contract leads nowhere: ${pointer}`)
    const parameter = found.value as unknown as OpenAPIV3_1.ParameterObject
    const schemaPointer = found.pointer + toPointer('schema')
    const schema = lookUp(document, schemaPointer)?.value
    const code: unknown = Reflect.get(parameter, 'x-problem-code')
    return {
      name: parameter.in === 'header' ? parameter.name.toLowerCase() : parameter.name,
      in: parameter.in as DeclaredParameter['in'],
      required: parameter.required === true,
      default: isRecord(schema) ? schema['default'] : undefined,
      isList: isRecord(schema) && schema['type'] === 'array',
      problemCode: typeof code === 'string' ? code : null,
      pointer: schemaPointer,
    }
  })
}
