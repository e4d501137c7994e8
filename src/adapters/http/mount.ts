import type { Express, Request, Response } from 'express'
import { NotFound } from '../../core/errors.ts'
import type { OrgId } from '../../core/ids.ts'
import { keyIn, requireChannel, requireKey, requireTaken } from './api-key-caller.ts'
import { type ContractOperation, isOfOrganization } from './contract.ts'
import { checkCsrf } from './csrf.ts'
import { readJsonBody } from './json-body.ts'
import { limit, limitCall } from './limited.ts'
import type { Answer, Call, MemberCall, Operation, OperationDeps } from './operation.ts'
import { requireMember } from './organization-guard.ts'
import { requirePermission } from './permission-guard.ts'
import { isWeighty, requireRecent } from './reauth-guard.ts'
import { RequestError } from './request-error.ts'
import { describeRequest, type RequestFacts } from './request-log.ts'
import type { SecurityLog } from './security-log.ts'
import { createSender, type Sender } from './sender.ts'
import { isUuid } from './uuid.ts'
import type { WebhookOperation } from './webhook-exchange.ts'

type Handlers = Readonly<Record<string, Operation | WebhookOperation>>

/** Gives every operation of the contract its handler by `operationId`. Throws where one of the two lacks the other. */
export function mountOperations(app: Express, handlers: Handlers, deps: OperationDeps): void {
  checkHandlers(deps.contract.operations, handlers)
  const send = createSender(deps)
  for (const operation of deps.contract.operations) {
    const handler = handlers[operation.operationId]!
    // The platforms' door stands before all of these.
    if (handler.access === 'raw') continue
    const answer = createAnswerer(operation, handler, deps)
    app[operation.method](operation.path, (req, res) => {
      const facts = describeRequest(res, operation)
      return respond(req, res, facts, operation, answer, send, deps.security)
    })
  }
  for (const [path, allowed] of methodsByPath(deps.contract.operations)) {
    app.all(path, (_, res) => {
      res.setHeader('Allow', allowed)
      throw new RequestError('method-not-allowed', `This path takes ${allowed}.`)
    })
  }
}

async function respond(
  req: Request,
  res: Response,
  facts: RequestFacts,
  operation: ContractOperation,
  answer: Answerer,
  send: Sender,
  security: SecurityLog,
): Promise<void> {
  try {
    const given = await answer(req, res, facts)
    if (given !== 'handled') send.answer(res, operation, given)
  } catch (error) {
    security.thrown(error, { req, res })
    send.error(req, res, operation, facts, error)
  }
}

type Answerer = (req: Request, res: Response, facts: RequestFacts) => Promise<Answer | 'handled'>

/**
 * The order matters: who asks comes before what is asked, so that somebody without a session or of another organization learns
 * nothing from what a validator says.
 */
function createAnswerer(operation: ContractOperation, handler: Operation, deps: OperationDeps): Answerer {
  const { accounts, config, core, queries, sessions } = deps
  const handle = handler.make(deps) as (call: Call) => ReturnType<ReturnType<Operation['make']>>

  return async (req, res, facts) => {
    const { requestId } = facts
    const key = handler.access === 'sign-in' ? null : keyIn(req.headers)
    if (handler.access !== 'public') {
      checkCsrf(req.method, req.headers, config.publicUrl)
      if (key === null) await sessions.load(req, res)
    }
    const who: Partial<MemberCall> = {}
    const params = pathIds(req)
    if (handler.access === 'signed-in' || handler.access === 'member') {
      const signedIn = key === null ? await sessions.require(req) : await requireKey(core, req, key)
      facts.userId = signedIn.userId
      if (signedIn.key !== null) facts.apiKeyId = signedIn.key.id
      // Before it is known what is asked: who guesses ids is counted like anybody else.
      await limitCall(deps.rateLimits, res, signedIn)
      Object.assign(who, { signedIn })
      if (handler.access === 'member') {
        const actor = await requireMember(accounts, params['orgId'] as OrgId, signedIn, requestId)
        facts.orgId = actor.orgId
        facts.memberId = actor.memberId
        limit(res, await deps.rateLimits.takeCallOf(actor.orgId))
        requireTaken(operation, signedIn)
        requirePermission(actor, operation.permission, signedIn)
        await requireChannel(queries, actor, operation, params)
        Object.assign(who, { actor })
      } else requireTaken(operation, signedIn)
    }
    const { signedIn } = who
    if (signedIn && operation.reauth === true) requireRecent(signedIn, deps.clock.now())
    const body = operation.body === 'json' ? await readJsonBody(req) : undefined
    const outcome = operation.validateRequest({ params, query: req.query, headers: req.headers, body })
    if (!outcome.ok) throw new RequestError(outcome.problem, refusalDetail(outcome), { errors: outcome.errors })
    if (signedIn && isWeighty(operation.reauth, body)) requireRecent(signedIn, deps.clock.now())
    return handle({ ...who, req, res, requestId, ...outcome })
  }
}

function refusalDetail({ problem, errors }: { problem: string; errors: readonly { detail: string }[] }): string {
  if (problem === 'not-found') return 'There is nothing here that you may see.'
  if (problem === 'unsupported-media-type') return 'Send the body with Content-Type: application/json.'
  if (problem === 'idempotency-key-invalid') return 'An Idempotency-Key has 1 to 255 printable ASCII characters.'
  return `The request does not follow the contract in ${errors.length} place${errors.length === 1 ? '' : 's'}.`
}

/** An id that is no UUID names nothing. The database compares UUIDs, we compare text: so in lower case. */
function pathIds(req: Request): Record<string, unknown> {
  const params: Record<string, unknown> = { ...req.params }
  for (const [name, value] of Object.entries(params)) {
    if (!name.endsWith('Id')) continue
    if (typeof value !== 'string' || !isUuid(value))
      throw new NotFound(name === 'orgId' ? 'organization' : name.slice(0, -2))
    params[name] = value.toLowerCase()
  }
  return params
}

function checkHandlers(operations: readonly ContractOperation[], handlers: Handlers): void {
  const declared = new Map(operations.map((operation) => [operation.operationId, operation]))
  const missing = [...declared.keys()].filter((id) => !Object.hasOwn(handlers, id))
  const surplus = Object.keys(handlers).filter((id) => !declared.has(id))
  const misplaced = Object.entries(handlers).flatMap(([id, { access }]) => {
    const operation = declared.get(id)
    const expected = operation && accessOf(operation)
    return !expected || expected.includes(access)
      ? []
      : [`${id} is for ${access}, the contract says ${expected.join(' or ')}`]
  })
  const wrong = [
    ...missing.map((id) => `${id} has no handler`),
    ...surplus.map((id) => `${id} is not in the contract`),
    ...misplaced,
  ]
  if (wrong.length > 0) throw new Error(`The handlers do not fit openapi.yaml: ${wrong.join('; ')}.`)
}

function accessOf({ raw, permission, path }: ContractOperation): readonly (Operation | WebhookOperation)['access'][] {
  if (raw) return ['raw']
  if (permission === 'public') return ['public', 'sign-in']
  return isOfOrganization(path) ? ['member'] : ['signed-in']
}

function methodsByPath(operations: readonly ContractOperation[]): ReadonlyMap<string, string> {
  const paths = new Map<string, string>()
  for (const { path, method } of operations) {
    const methods = method === 'get' ? 'GET, HEAD' : method.toUpperCase()
    const before = paths.get(path)
    paths.set(path, before === undefined ? methods : `${before}, ${methods}`)
  }
  return paths
}
