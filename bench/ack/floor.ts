import { createHmac, randomUUID, timingSafeEqual } from 'node:crypto'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import express from 'express'
import pg from 'pg'
import { Connection } from 'rabbitmq-client'
import { connectionConfig, type DatabaseTarget } from '../../src/adapters/persistence/connection.ts'
import { onOrder } from '../on-order.ts'

export type FloorOrder = Readonly<{
  channels: readonly Readonly<{ id: string; orgId: string; appSecret: string }>[]
  /** Where bodies go: one publish with confirm each, or one committed insert each. */
  handOff: Readonly<{ rabbitmqUrl: string; queue: string }> | Readonly<{ database: DatabaseTarget; poolSize: number }>
}>

export type FloorReady = Readonly<{ url: string }>

type HandOff = (channel: FloorOrder['channels'][number], body: Buffer) => Promise<unknown>

const INSERT = 'insert into jobs (id, queue, grouping, payload) values ($1, $2, $3, $4)'

function handOffTo(to: FloorOrder['handOff']): HandOff {
  if ('queue' in to) {
    const publisher = new Connection(to.rabbitmqUrl).createPublisher({ confirm: true })
    return ({ id }, body) => publisher.send({ routingKey: to.queue, durable: true, headers: { channelId: id } }, body)
  }
  const pool = new pg.Pool({ ...connectionConfig(to.database, { role: 'dc_system' }), max: to.poolSize })
  return ({ id, orgId }, body) =>
    pool.query({ name: 'insert', text: INSERT, values: [randomUUID(), 'inbound', `${orgId}:${id}`, body] })
}

/** The least that may answer 200: channel from memory, HMAC, one durable hand-off. Nothing is caught, nothing is counted. */
async function start({ channels, handOff }: FloorOrder): Promise<FloorReady> {
  const known = new Map(channels.map((channel) => [channel.id, channel]))
  const hand = handOffTo(handOff)
  const app = express()
  app.post('/webhook/:channelId', express.raw({ type: () => true, limit: '3mb' }), async (req, res) => {
    const channel = known.get(String(req.params['channelId']))
    if (channel === undefined) return void res.sendStatus(404)
    const body: Buffer = req.body
    const expected = createHmac('sha256', channel.appSecret).update(body).digest()
    const given = Buffer.from(String(req.headers['x-hub-signature-256']).slice('sha256='.length), 'hex')
    if (given.length !== expected.length || !timingSafeEqual(given, expected)) return void res.sendStatus(401)
    await hand(channel, body)
    res.send('EVENT_RECEIVED')
  })
  const server = app.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` }
}

onOrder(start)
