import type { AsyncMessage } from 'rabbitmq-client'

/** Without what the broker added: it counts anew. */
export const ownHeaders = (message: AsyncMessage): Record<string, unknown> =>
  Object.fromEntries(Object.entries(message.headers ?? {}).filter(([name]) => !name.startsWith('x-')))

export const numberOf = (message: AsyncMessage, header: string): number => {
  const value: unknown = message.headers?.[header]
  return typeof value === 'number' && Number.isFinite(value) ? value : 0
}

export const bytesOf = (body: unknown): Buffer =>
  Buffer.isBuffer(body) ? body : Buffer.from(typeof body === 'string' ? body : JSON.stringify(body))

/** A copy is of the type that the message is of. */
export const typeOf = ({ type }: AsyncMessage): { type?: string } => (typeof type === 'string' ? { type } : {})
