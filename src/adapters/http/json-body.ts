import express, { type Request, type Response } from 'express'
import type { ProblemCode } from './problem.ts'
import { RequestError } from './request-error.ts'

const MAX_BODY = '1mb'

/** Bodies are JSON in UTF-8, as they are: nothing is unpacked, so that a small upload cannot become a large one. */
const parse = express.json({ limit: MAX_BODY, strict: false, inflate: false, type: isJson })

/** The codes for what the parser refuses, by its own word for it. */
const REFUSALS: Readonly<Record<string, readonly [code: ProblemCode, detail: string]>> = {
  'entity.parse.failed': ['malformed-json', 'The body cannot be read as JSON.'],
  'entity.too.large': ['payload-too-large', 'The body is larger than 1 MB.'],
  'encoding.unsupported': ['unsupported-media-type', 'Send the body without Content-Encoding.'],
  'charset.unsupported': ['unsupported-media-type', 'Send the body in UTF-8.'],
  'request.size.invalid': ['malformed-json', 'The body is shorter or longer than its Content-Length.'],
  'request.aborted': ['malformed-json', 'The upload was broken off.'],
}

/** The parsed body, `undefined` where there is none or it is not declared as JSON. */
export async function readJsonBody(req: Request, res: Response): Promise<unknown> {
  // The parser would make an empty object of it.
  if (req.headers['content-length'] === '0') return undefined
  await new Promise<void>((resolve, reject) => {
    parse(req, res, (error?: unknown) => {
      if (!error) return resolve()
      const refusal = REFUSALS[String(Reflect.get(error, 'type'))]
      reject(refusal ? new RequestError(refusal[0], refusal[1]) : error)
    })
  })
  return req.body
}

function isJson(req: { headers: { 'content-type'?: string | undefined } }): boolean {
  const type = req.headers['content-type']?.split(';', 1)[0]?.trim().toLowerCase() ?? ''
  return type === 'application/json' || (type.startsWith('application/') && type.endsWith('+json'))
}
