import { randomUUID } from 'node:crypto'
import { request } from 'node:http'
import { planted } from './planted.ts'

/** Of any operation: what a test says of the body holds, or it fails. */
const answerOf = (status: number, text: string) => ({ status, body: text === '' ? null : JSON.parse(text) })
export type PeopleAnswer = Readonly<ReturnType<typeof answerOf>>

/** The API as people use it on themselves: any path, JSON both ways. */
export function createPeopleClient(url: string) {
  async function call(
    method: string,
    path: string,
    asked: { token?: string; body?: unknown } = {},
  ): Promise<PeopleAnswer> {
    const { token, body } = asked
    const response = await fetch(`${url}${path}`, {
      method,
      headers: {
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(30_000),
    })
    return answerOf(response.status, await response.text())
  }

  /** The same with headers that `fetch` sets by itself, like Host. */
  const callAs = (headers: Record<string, string>, path: string, body: unknown): Promise<PeopleAnswer> =>
    new Promise((resolve, reject) => {
      const sent = request(`${url}${path}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
      })
      sent.on('error', reject)
      sent.on('response', async (response) => {
        const text = Buffer.concat(await response.toArray()).toString()
        resolve(answerOf(response.statusCode ?? 0, text))
      })
      sent.end(JSON.stringify(body))
    })

  const newEmail = () => `person-${randomUUID()}@example.com`

  async function signUp(email = newEmail()) {
    const password = planted('password')
    const { status, body } = await call('POST', '/auth/signup', {
      body: { orgName: 'Shop', name: 'Sam', email, password },
    })
    if (status !== 201) throw new Error(`No signup: ${JSON.stringify(body)}`)
    return {
      email,
      password,
      token: body.accessToken as string,
      orgId: body.orgId as string,
      userId: body.user.id as string,
    }
  }

  return { call, callAs, newEmail, signUp }
}

export type PeopleClient = ReturnType<typeof createPeopleClient>

/** What stands behind the `#`. */
export const tokenOf = (link: string): string => new URL(link).hash.slice(1)
