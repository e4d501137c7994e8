import test from 'ava'
import { loadContract } from '../../src/adapters/http/contract.ts'
import { type ConnectStage, connectStage, VERIFY_TOKEN } from '../support/connect-stage.ts'
import { onEachProfile } from '../support/profiles.ts'
import { onServer } from '../support/template.ts'
import { type Caller, createCaller } from './tenancy/calls.ts'
import { rowsAtRest, rowsOf } from './tenancy/rows-of.ts'
import { openTwoShops, type Shop } from './tenancy/two-shops.ts'

/** Of no one organization. */
const OF_PEOPLE = ['organizations', 'users', 'sessions', 'password_resets', 'account_bindings', 'unclaimed_entries']

/**
 * What a read may write, and has to, or it is no exception any more: a login that is begun is kept until it comes back, and who fetches
 * the export of a person is noted.
 */
const WRITES: Readonly<Record<string, string>> = {
  connectInstagram: 'connect_attempts',
  connectFacebook: 'connect_attempts',
  'GET getExportFile': 'audit_log',
}

/** What has nothing to show here; a login that comes back is tried in `connect.test.ts`, since it ends what it is for. */
const SHOWS_NOTHING: Readonly<Record<string, number>> = {
  finishInstagramLogin: 403,
  finishFacebookLogin: 403,
  getDataDeletion: 404,
}

onEachProfile((profile) => {
  let stage: ConnectStage
  let caller: Caller
  let shop: Shop
  let other: Shop

  test.before(async (t) => {
    t.timeout(120_000)
    stage = await connectStage(profile, { PUBLIC_URL: 'https://inbox.example' })
    caller = createCaller(stage.url, 4)
    ;[shop, other] = (await openTwoShops(stage, caller)).shops
  })
  test.after.always(async (t) => {
    t.timeout(60_000)
    caller?.close()
    await stage?.close()
  })

  const ofPeople = (): Promise<Readonly<Record<string, string>>> =>
    onServer(stage.db.admin, async (server) => {
      const found: Record<string, string> = {}
      for (const table of OF_PEOPLE) {
        const { rows } = await server.query(
          `select count(*) || ' ' || coalesce(md5(string_agg(r, E'\\n' order by r)), '') as all
           from ${table} t, lateral (select (to_jsonb(t) - 'used_at')::text as r) as r`,
        )
        found[table] = rows[0].all
      }
      return found
    })
  const everything = async () => ({ ...(await rowsOf(stage.db.admin, shop.orgId)), ...(await ofPeople()) })

  test.serial(
    `S78: ${profile}: no GET or HEAD changes anything, but that a login which it begins is kept and a fetched export noted`,
    async (t) => {
      t.timeout(110_000)
      const names: Readonly<Record<string, string>> = {
        ...shop.ids,
        code: 'not-found',
        file: 'invitation.js',
        token: new URL(shop.link).pathname.slice('/media/'.length),
      }
      const handshake = `?hub.mode=subscribe&hub.verify_token=${VERIFY_TOKEN}&hub.challenge=1158201444`
      const queriesOf: Readonly<Record<string, readonly string[]>> = {
        verifyAppWebhook: [handshake],
        verifyWebhook: [handshake],
        finishInstagramLogin: ['?state=nobodys&code=1', '?state=nobodys&error=access_denied'],
        finishFacebookLogin: ['?state=nobodys&code=1', `?state=nobodys&code=1&account=${shop.ids['account']}`],
        connectInstagram: ['', '?move=true'],
        connectFacebook: ['', '?move=true'],
        listNotifications: ['', '?unread=true'],
        listEvents: ['', '?after=0'],
        streamEvents: ['', '?after=0'],
      }
      const reads = loadContract().operations.filter(({ method }) => method === 'get')
      t.true(reads.length > 40)
      const theirs = await rowsAtRest(stage.db.admin, other.orgId)
      await rowsAtRest(stage.db.admin, shop.orgId)
      const [calls, first] = [stage.simulator.calls.length, await everything()]
      let before = first
      const wrong: string[] = []
      for (const { operationId, template } of reads) {
        const path = template.replace(/\{(\w+)\}/g, (_, name: string) => names[name] ?? name)
        for (const query of queriesOf[operationId] ?? [''])
          for (const method of ['GET', 'HEAD']) {
            const { status } = await caller.call(method, path + query, { token: shop.tokens.OWNER })
            const after = await everything()
            const changed = Object.keys(after).filter((table) => after[table] !== before[table])
            before = after
            const isShown =
              status < 400 || status === SHOWS_NOTHING[operationId] || /^verify|^getMetrics$/.test(operationId)
            if (!isShown) wrong.push(`${method} ${operationId}: ${status}`)
            if (changed.join() !== (WRITES[`${method} ${operationId}`] ?? WRITES[operationId] ?? ''))
              wrong.push(`${method} ${operationId}: changes ${changed.join()}`)
          }
      }
      t.deepEqual(wrong, [])
      // What would have been done later is done now.
      const {
        connect_attempts: _,
        audit_log: __,
        ...end
      } = {
        ...(await rowsAtRest(stage.db.admin, shop.orgId)),
        ...(await ofPeople()),
      }
      const { connect_attempts: ___, audit_log: ____, ...start } = first
      t.deepEqual(end, start)
      t.deepEqual(await rowsOf(stage.db.admin, other.orgId), theirs)
      t.is(stage.simulator.calls.length, calls, 'nobody else was asked or told')
      t.log(`${reads.length} operations`)
    },
  )
})
