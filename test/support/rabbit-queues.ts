import { Connection } from 'rabbitmq-client'

const SUFFIXES = ['', '.dead', '.retry.1000ms', '.retry.5000ms', '.retry.30000ms', '.retry.300000ms']

/** What a program that ran under the prefix leaves on a broker that others use too. */
export async function deleteQueues(url: string, prefix: string): Promise<void> {
  const rabbit = new Connection({ url })
  rabbit.on('error', () => {})
  for (const suffix of SUFFIXES) await rabbit.queueDelete({ queue: `${prefix}.inbound${suffix}` })
  await rabbit.close()
}
