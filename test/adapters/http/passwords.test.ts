import test from 'ava'
import { PASSWORD, startHttp } from './support/http-server.ts'

const server = await startHttp()
test.after.always(() => server.stop())

const person = { orgName: 'A', name: 'B', email: 'new@example.com', password: PASSWORD }
/** Every place that takes a password, with a body that it would take. */
const doors = [
  { path: '/auth/login', body: { email: 'a@example.com', password: PASSWORD }, fields: ['email', 'password'] },
  { path: '/auth/signup', body: person, fields: ['email', 'password'] },
  { path: '/auth/reauthenticate', body: { password: PASSWORD }, fields: ['password'] },
  {
    path: '/auth/password',
    body: { currentPassword: PASSWORD, newPassword: 'another-password' },
    fields: ['currentPassword', 'newPassword'],
  },
  { path: '/auth/invitations/accept', body: { token: 'x', name: 'B', password: PASSWORD }, fields: ['password'] },
]
const isPassword = (field: string) => /password/i.test(field)

/** Asks; that the core, which alone hashes, was asked nothing. */
async function refused(path: string, body: object | string) {
  const { token } = await server.signUp()
  const before = server.calls.length
  const headers = { 'content-type': 'application/json' }
  const answer = await server.call('POST', path, { token, body, headers })
  return { ...answer, isUntouched: server.calls.length === before }
}

for (const { path, body, fields } of doors) {
  test.serial(
    `S67: ${path}: a password of a megabyte, and one of 201 characters, is refused before it is hashed`,
    async (t) => {
      for (const field of fields.filter(isPassword)) {
        for (const [length, status] of [
          [201, 400],
          [1_000_000, 400],
          [1_100_000, 413],
        ] as const) {
          const answer = await refused(path, { ...body, [field]: 'x'.repeat(length) })
          t.is(answer.status, status, `${field} of ${length}`)
          t.true(answer.isUntouched)
          t.true(answer.text.length < 2_000)
        }
      }
    },
  )

  test.serial(
    `S68: ${path}: an object, a list, a number, nothing or a prototype in place of text is refused`,
    async (t) => {
      for (const field of fields) {
        for (const value of [{ $gt: '' }, {}, ['a list'], [], 12_345_678, true, null]) {
          const answer = await refused(path, { ...body, [field]: value })
          t.like(answer, { status: 400, isUntouched: true, json: { code: 'invalid-request' } }, JSON.stringify(value))
          t.is(answer.json.errors[0].pointer, `/${field}`)
        }
        const { [field]: _, ...rest } = body as Record<string, string>
        const inherited = `{"__proto__":${JSON.stringify({ [field]: PASSWORD })},${JSON.stringify(rest).slice(1)}`
        t.like(await refused(path, inherited.replace(',}', '}')), { status: 400, isUntouched: true }, field)
      }
    },
  )
}

test.serial('S66: a new password has eight to two hundred characters, of any kind but NUL', async (t) => {
  const signUp = async (password: string) => {
    const email = `some-${Math.random()}@example.com`
    const { status, json } = await server.call('POST', '/auth/signup', { body: { ...person, email, password } })
    const again = status === 201 ? await server.call('POST', '/auth/login', { body: { email, password } }) : null
    return [status, json.errors?.[0].pointer, again?.status]
  }
  for (const password of ['', 'seven77', 'x'.repeat(201), 'a\u0000correct horse'])
    t.deepEqual(await signUp(password), [400, '/password', undefined], JSON.stringify(password))
  for (const password of ['x y z 1 2', 'x'.repeat(200), ' leading and trailing ', 'пароль из слов', '🐎🔋📎 und mehr'])
    t.deepEqual(await signUp(password), [201, undefined, 200], password)
  for (const [path, field] of [
    ['/auth/password', 'newPassword'],
    ['/auth/invitations/accept', 'password'],
  ] as const) {
    const { body } = doors.find((door) => door.path === path)!
    t.is((await refused(path, { ...body, [field]: 'seven77' })).status, 400, path)
  }
})
