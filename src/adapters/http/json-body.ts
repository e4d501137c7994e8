import type { IncomingMessage } from 'node:http'
import type { Request } from 'express'
import { type JsonExcess, jsonExcess, maxJsonDepth, maxJsonValues } from './contract.ts'
import { discardRest, readRawBody } from './raw-body.ts'
import { RequestError } from './request-error.ts'

const MAX_BYTES = 1024 * 1024
/** How much of a refused body is still read, so that its sender gets to see the answer. */
const MAX_DISCARDED_BYTES = 16 * 1024 * 1024

const EXCESS = {
  'too-deep': `must not be nested deeper than ${maxJsonDepth} levels`,
  'too-many': `must not have more than ${maxJsonValues} values`,
} as const satisfies Record<JsonExcess, string>

/** Refuses bytes that are no UTF-8, where others put a mark in their place; a mark of byte order is left out. */
const utf8 = new TextDecoder('utf-8', { fatal: true })

/** What was sent as JSON, also as `req.body`: signing in looks for it there. */
export async function readJsonBody(req: Request): Promise<unknown> {
  req.body = await read(req)
  return req.body
}

/**
 * Parsed, `undefined` where there is none or it is not declared as JSON. Bodies are taken as they are: nothing is unpacked, so
 * that a small upload cannot become a large one. What is too large, too deep or too much is refused before it is parsed. Of a key that
 * stands there twice the last one counts, here and for whoever reads the body after this.
 */
async function read(req: IncomingMessage): Promise<unknown> {
  const type = req.headers['content-type'] ?? ''
  if (!isJson(type)) return undefined
  const encoding = req.headers['content-encoding']?.trim().toLowerCase() ?? 'identity'
  if (encoding !== 'identity') throw refused(req, 'unsupported-media-type', 'Send the body without Content-Encoding.')
  const charset = (/;\s*charset\s*=\s*"?([^";\s]*)/i.exec(type)?.[1] ?? 'utf-8').toLowerCase()
  if (charset !== 'utf-8' && charset !== 'utf8') {
    throw refused(req, 'unsupported-media-type', 'Send the body in UTF-8.')
  }

  const body = await readRawBody(req, MAX_BYTES)
  if (body === 'too-large') throw refused(req, 'payload-too-large', 'The body is larger than 1 MB.')
  if (body === 'aborted') throw new RequestError('malformed-json', 'The upload was broken off.')
  if (body.length === 0) return undefined
  const excess = jsonExcess(body)
  if (excess !== null) {
    throw new RequestError('invalid-request', `The body ${EXCESS[excess]}.`, {
      errors: [{ in: 'body', pointer: '', code: excess, detail: EXCESS[excess] }],
    })
  }
  try {
    return JSON.parse(utf8.decode(body))
  } catch {
    throw new RequestError('malformed-json', 'The body cannot be read as JSON.')
  }
}

function refused(req: IncomingMessage, code: 'unsupported-media-type' | 'payload-too-large', detail: string) {
  discardRest(req, MAX_DISCARDED_BYTES)
  return new RequestError(code, detail)
}

function isJson(header: string): boolean {
  const type = header.split(';', 1)[0]?.trim().toLowerCase() ?? ''
  return type === 'application/json' || (type.startsWith('application/') && type.endsWith('+json'))
}
