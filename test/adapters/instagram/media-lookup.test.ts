import test, { type ExecutionContext } from 'ava'
import { createInstagramChannel } from '../../../src/adapters/instagram/channel.ts'
import type { ExternalMessageId } from '../../../src/core/ids.ts'
import { account, json, startGraphServer, TOKEN } from './graph-server.ts'

const POST = '18077000000000001'

async function look(
  t: ExecutionContext,
  answer: Parameters<typeof startGraphServer>[0],
  from = account(),
  commentId: ExternalMessageId | null = null,
) {
  const server = await startGraphServer(answer)
  t.teardown(server.stop)
  const { media } = createInstagramChannel(
    { graphUrl: server.url, facebookGraphUrl: `${server.url}/fb`, graphVersion: 'v26.0', sendTimeoutMs: 5_000 },
    { fetch },
  )
  const found = await media?.look({ mediaId: POST, commentId }, from, new AbortController().signal)
  t.false(JSON.stringify(found).includes(TOKEN))
  return { found, call: server.calls[0], calls: server.calls }
}

const refusal = (code: number, subcode?: number) =>
  json(400, { error: { message: 'no', code, ...(subcode ? { error_subcode: subcode } : {}) } })

test('a post is asked of the login the token is from', async (t) => {
  const post = {
    permalink: 'https://www.instagram.com/p/a/',
    caption: 'Autumn',
    media_type: 'IMAGE',
    media_url: 'https://cdn.example/p',
  }
  const { found, call } = await look(t, json(200, post))
  t.deepEqual(found, {
    status: 'found',
    media: {
      permalink: 'https://www.instagram.com/p/a/',
      caption: 'Autumn',
      thumbnailUrl: 'https://cdn.example/p',
      expiresAt: null,
    },
  })
  t.is(
    call?.url,
    `/v26.0/${POST}?fields=permalink,caption,media_type,media_product_type,media_url,thumbnail_url,timestamp`,
  )
  t.is(call?.headers.authorization, `Bearer ${TOKEN}`)
  const facebook = await look(t, json(200, post), account({ settings: { login: 'facebook' } }))
  t.true(facebook.call?.url.startsWith('/fb/v26.0/'))
})

test('the thumbnail of a video is its still, never the video', async (t) => {
  const video = { media_type: 'VIDEO', media_url: 'https://cdn.example/v.mp4' }
  t.like((await look(t, json(200, video))).found, { media: { thumbnailUrl: null } })
  const still = { ...video, thumbnail_url: 'https://cdn.example/still' }
  t.like((await look(t, json(200, still))).found, { media: { thumbnailUrl: 'https://cdn.example/still' } })
})

test('a story is over a day after it was posted; a post stays', async (t) => {
  const story = { media_product_type: 'STORY', timestamp: '2026-09-10T01:46:40+0000' }
  const expiresAt = new Date('2026-09-11T01:46:40Z')
  t.like((await look(t, json(200, story))).found, { media: { expiresAt } })
  for (const other of [
    { ...story, media_product_type: 'FEED' },
    { ...story, timestamp: 'yesterday' },
  ])
    t.like((await look(t, json(200, other))).found, { media: { expiresAt: null } })
})

test('what the answer lacks, or has in another form, is null', async (t) => {
  const odd = { permalink: 'javascript:alert(1)', caption: 7, media_url: null }
  for (const body of [{}, odd]) {
    t.deepEqual((await look(t, json(200, body))).found, {
      status: 'found',
      media: { permalink: null, caption: null, thumbnailUrl: null, expiresAt: null },
    })
  }
})

test('a post that is not there is gone, one that is not told about is not; trouble is asked about again, and a dead token waits for another', async (t) => {
  t.is((await look(t, refusal(100, 33))).found?.status, 'gone')
  for (const answer of [refusal(10), refusal(200), refusal(3), refusal(100)])
    t.is((await look(t, answer)).found?.status, 'withheld')
  for (const answer of [refusal(4), refusal(2), json(500, ''), json(200, '<html>')]) {
    t.is((await look(t, answer)).found?.status, 'retry')
  }
  t.like((await look(t, refusal(190))).found, { status: 'reauthorize', alert: true })
  t.is((await look(t, json(200, {}), account({ secrets: {} }))).found?.status, 'retry')
})

const COMMENT = '17900000000000001' as ExternalMessageId
const album = { permalink: 'https://www.instagram.com/p/album/', caption: 'Ten lamps' }

test('of a picture that is not there, or has no words, the comment tells the album', async (t) => {
  for (const first of [refusal(100, 33), json(200, { permalink: 'https://www.instagram.com/p/picture/' })]) {
    const { found, calls } = await look(t, inTurn(first, json(200, { media: album, id: COMMENT })), account(), COMMENT)
    t.like(found, { status: 'found', media: album })
    t.regex(calls[1]?.url ?? '', new RegExp(`^/v26.0/${COMMENT}\\?fields=media(\\{|%7B)permalink,`))
  }
})

test('where the comment tells nothing, what was told of the picture stands; trouble is asked about again', async (t) => {
  const picture = json(200, { permalink: 'https://www.instagram.com/p/picture/' })
  for (const second of [refusal(100, 33), refusal(10), json(200, { id: COMMENT }), json(200, { media: 'x' })]) {
    t.is((await look(t, inTurn(refusal(100, 33), second), account(), COMMENT)).found?.status, 'gone')
    t.like((await look(t, inTurn(picture, second), account(), COMMENT)).found, {
      status: 'found',
      media: { permalink: 'https://www.instagram.com/p/picture/' },
    })
  }
  t.is((await look(t, inTurn(picture, json(500, '')), account(), COMMENT)).found?.status, 'retry')
})

test('a post with words, and one whose platform tells nothing for now, is asked about once', async (t) => {
  for (const first of [json(200, album), refusal(10), json(500, '')])
    t.is((await look(t, first, account(), COMMENT)).calls.length, 1)
})

const inTurn = (...answers: Parameters<typeof startGraphServer>[0][]): Parameters<typeof startGraphServer>[0] => {
  const left = [...answers]
  return (response, socket) => left.shift()?.(response, socket)
}
