import { refuse } from './graph-errors.ts'
import type { Answer } from './http.ts'
import { conversationIdOf } from './ids.ts'
import type { Sending } from './send.ts'
import type { PhoneAttachment, PhoneMessage, SimulatedAccount, SimulatedCustomer } from './types.ts'
import type { World } from './world.ts'

/** Older ones are listed, but answer as if they had been taken back. */
const DETAILED = 20
const DEFAULT_LIMIT = 25

/** What a call asks to be told, with what it asks of the things inside: `id,messages{id,from}`. */
type Fields = ReadonlyMap<string, Fields>

/** `GET /{node}/conversations`: the one with the newest message first. */
export function listConversations({ world }: Sending, account: SimulatedAccount, form: URLSearchParams): Answer {
  if (form.get('platform') !== 'instagram') return refuse(account.login, { code: 100 })
  const limit = Number(form.get('limit') ?? DEFAULT_LIMIT)
  const person = form.get('user_id')
  const threads = [...world.customers.values()]
    .filter((customer) => customer.account === account && (person === null || customer.id === person))
    .map((customer) => ({ customer, messages: threadOf(world, customer) }))
    .filter(({ messages }) => messages.length > 0)
    .sort((a, b) => newestAt(b.messages) - newestAt(a.messages) || (a.customer.id < b.customer.id ? -1 : 1))
  const after = form.get('after')
  const start = after === null ? 0 : threads.findIndex(({ customer }) => cursorOf(customer) === after) + 1
  const page = threads.slice(start, start + limit)
  const fields = fieldsOf(form)
  const last = page.at(-1)
  const paging = last && {
    cursors: { before: cursorOf(page[0]?.customer ?? last.customer), after: cursorOf(last.customer) },
    ...(start + limit < threads.length ? { next: 'https://graph.instagram.com/the-same-with-after' } : {}),
  }
  const data = page.map(({ customer }) => conversation(world, customer, fields))
  return { status: 200, body: { data, ...(paging ? { paging } : {}) } }
}

/** A conversation or a message by its id; null where it is neither. */
export function readThread(
  { world }: Sending,
  account: SimulatedAccount,
  id: string,
  form: URLSearchParams,
): Answer | null {
  const customers = [...world.customers.values()].filter((one) => one.account === account)
  const customer = customers.find((one) => conversationIdOf(account.id, one.id) === id)
  const writer = customers.find((one) => world.phone(one).some(({ mid, kind }) => mid === id && kind === 'message'))
  if (!customer && !writer) return null
  if (customer) return { status: 200, body: conversation(world, customer, fieldsOf(form)) }
  const found =
    writer &&
    threadOf(world, writer)
      .slice(0, DETAILED)
      .find(({ mid }) => mid === id)
  if (!writer || !found) return refuse(account.login, { code: 9000001 })
  return { status: 200, body: only(aboutMessage(writer, found), fieldsOf(form)) }
}

/** What the phone shows, newest first; what was taken back is not on it. */
const threadOf = (world: World, customer: SimulatedCustomer): readonly PhoneMessage[] =>
  world
    .phone(customer)
    .filter(({ kind, unsent }) => kind === 'message' && !unsent)
    .sort((a, b) => a.at.getTime() - b.at.getTime())
    .reverse()

const newestAt = ([newest]: readonly PhoneMessage[]): number => newest?.at.getTime() ?? 0

const cursorOf = ({ id }: SimulatedCustomer): string => Buffer.from(`after ${id}`).toString('base64url')

function conversation(world: World, customer: SimulatedCustomer, fields: Fields): object {
  const messages = threadOf(world, customer)
  const asked = fields.get('messages') ?? new Map()
  const isDetailed = [...asked.keys()].some((name) => name !== 'id' && name !== 'created_time')
  const shown = messages.slice(0, isDetailed ? DETAILED : DEFAULT_LIMIT)
  return only(
    {
      id: conversationIdOf(customer.account.id, customer.id),
      updated_time: iso(new Date(newestAt(messages))),
      participants: { data: [accountParty(customer.account), customerParty(customer)] },
      messages: { data: shown.map((message) => only(aboutMessage(customer, message), asked)) },
    },
    fields,
  )
}

function aboutMessage(customer: SimulatedCustomer, message: PhoneMessage): Record<string, unknown> {
  const [from, to] = [customerParty(customer), accountParty(customer.account)]
  const isFromCustomer = message.from === 'customer'
  const media = message.attachments.filter(({ type }) => type in MEDIA)
  const shares = message.attachments.filter(({ type }) => type === 'share')
  const mention = message.attachments.find(({ type }) => type === 'story_mention')
  return {
    id: message.mid,
    created_time: iso(message.at),
    from: isFromCustomer ? from : to,
    to: { data: [isFromCustomer ? to : from] },
    message: message.text ?? '',
    ...(media.length > 0 ? { attachments: { data: media.map(aboutMedia) } } : {}),
    ...(shares.length > 0 ? { shares: { data: shares.map(({ url }) => ({ link: url })) } } : {}),
    ...(mention ? { story: { mention: { link: mention.url, id: '' } } } : {}),
    ...(message.story ? { story: { reply_to: { link: message.story.url, id: message.story.id } } } : {}),
    ...(message.replyTo ? { reply_to: { mid: message.replyTo, is_self_reply: false } } : {}),
    ...(message.isUnsupported ? { is_unsupported: true } : {}),
  }
}

const MEDIA: Readonly<Record<string, (url: string | null) => object>> = {
  image: (url) => ({ mime_type: 'image/jpeg', image_data: { url, preview_url: url, width: 600, height: 800 } }),
  video: (url) => ({ mime_type: 'video/mp4', video_data: { url, preview_url: url } }),
  audio: (url) => ({ mime_type: 'audio/mp4', file_url: url }),
  file: (url) => ({ mime_type: 'application/pdf', file_url: url }),
}

const aboutMedia = ({ type, url }: PhoneAttachment): object => ({ id: '0', size: 1024, ...MEDIA[type]?.(url) })

const accountParty = ({ id, username }: SimulatedAccount) => ({ username, id })
const customerParty = ({ id, username }: SimulatedCustomer) => ({ username, id })

/** Whole seconds, and an offset without a colon. */
const iso = (at: Date): string => at.toISOString().replace(/\.\d+Z$/, '+0000')

/** Graph gives what was asked for, and the id always. */
const only = (object: Record<string, unknown>, fields: Fields): object =>
  Object.fromEntries(Object.entries(object).filter(([name]) => name === 'id' || fields.has(name)))

const fieldsOf = (form: URLSearchParams): Fields =>
  parseFields((form.get('fields') ?? 'id,updated_time')[Symbol.iterator]())

function parseFields(characters: Iterator<string>): Fields {
  const fields = new Map<string, Fields>()
  let name = ''
  const add = (inside: Fields) => {
    const plain = name.trim().replace(/\.limit\(\d+\)$/, '')
    if (plain !== '') fields.set(plain, inside)
    name = ''
  }
  for (let next = characters.next(); !next.done && next.value !== '}'; next = characters.next()) {
    if (next.value === '{') add(parseFields(characters))
    else if (next.value === ',') add(new Map())
    else name += next.value
  }
  add(new Map())
  return fields
}
