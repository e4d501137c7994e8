/**
 * Every place at which the program can be told to fail (FAILPOINT), with what holds there. The two flows' await boundaries: where
 * a process may die, a server may be gone, and a message must neither be lost nor be there twice.
 */
export const FAILPOINTS = {
  // A message's journey in: the api role.
  'webhook.read': 'The bytes of a webhook are read; nothing is checked or kept.',
  'intake.accepting':
    'A delivery is verified, or is an account’s share of a body for a whole app; it is nowhere durable.',
  'broker.publishing': 'A delivery is about to go to RabbitMQ.',
  'broker.confirmed': 'RabbitMQ has confirmed a delivery; nobody was told.',
  'spool.writing': 'A delivery is about to go to the spool, since RabbitMQ did not take it.',
  'spool.written': 'The spool holds a delivery; nobody was told.',
  'group.committing': 'Deliveries that came together are about to be written to the table of jobs, in one statement.',
  'group.committed': 'They are committed; none of their senders was told.',
  'intake.accepted': 'A delivery is durable; its sender was not told.',
  'webhook.answering': 'The 200 of a webhook is about to be written.',
  'webhook.answered': 'The 200 of a webhook has left. Nobody catches what is thrown here.',
  // A message's journey in: the inbound role.
  'queue.claiming': 'Deliveries or jobs are about to be claimed in the database, which counts the attempt.',
  'queue.claimed': 'They are claimed, and their attempt is counted.',
  'broker.delivered': 'RabbitMQ has handed out a delivery.',
  'trial.counting': 'A delivery whose holder was lost is about to be tried alone; the trial is not counted yet.',
  'trial.counted': 'That trial is counted.',
  'batch.handling': 'A batch of deliveries is about to be parsed.',
  'ingest.committing': 'What a batch says is written and not committed.',
  'ingest.committed': 'What a batch says is committed; nobody was told of it.',
  'quarantine.committing': 'Deliveries that cannot be processed are put aside, not committed.',
  'quarantine.committed': 'They are put aside.',
  'batch.handled': 'A batch is stored and told of; the queue still holds it.',
  'batch.acknowledged': 'The queue was told that a batch is done.',
  'given-up.handling': 'A delivery that failed or killed too often is about to be put aside.',
  'given-up.handled': 'It is put aside; the queue still holds it.',
  'retry.queued': 'The copy of a failed delivery waits in a retry queue of RabbitMQ; the original is not acknowledged.',
  // A message's journey out: the api role.
  'reply.committing': 'A reply is written and not committed.',
  'reply.committed': 'A reply is committed; the 201 is not written.',
  'upload.committing': 'A piece of an upload is written and not committed.',
  'upload.committed': 'A piece of an upload is committed.',
  // The relay.
  'events.numbering': 'Events that are committed are about to be numbered, if there are any.',
  'events.numbered': 'Events are numbered; no open stream was told.',
  // A message's journey out: the outbound role.
  'lanes.claiming': 'Conversations that have something due are about to be claimed.',
  'lanes.claimed': 'They are claimed; none of their parts is SENDING.',
  'sending.committing': 'SENDING and the attempt are written, not committed.',
  'sending.committed': 'SENDING and the attempt are committed; the clock was not looked at.',
  'network.calling': 'The call that sends a part is about to be made.',
  'network.answered': 'The network has answered that call; the answer is recorded nowhere.',
  'outcome.committing': 'What became of the part is written, not committed.',
  'outcome.committed': 'What became of the part is committed.',
  'expiry.committing': 'What a lost worker left behind is freed or in doubt, not committed.',
  'expiry.committed': 'It is freed or in doubt.',
  // Jobs.
  'doubt-check.starting': 'A reply in doubt is about to be looked for on the network.',
  'proof.committing': 'A reply in doubt was found on the network; that it is SENT is not committed.',
  'doubt-check.ended': 'A reply in doubt was looked for; the queue still holds the job.',
  'reaction.starting': 'An agent’s reaction is about to be shown on the network.',
  'reaction.ended': 'It was shown or not; the queue still holds the job.',
  'look-up.starting': 'The network is about to be asked about a person, a post, a mention or a message.',
  'look-up.ended': 'It was asked; the queue still holds the job.',
  'erasure.starting': 'A customer is about to be erased, or traces of one that was are about to be looked for.',
  'erasure.committing': 'A customer’s rows are gone, not committed.',
  'erasure.committed': 'A customer’s rows are gone; no trace was looked for.',
  'traces.committing': 'Some kept bodies lost what was a customer’s, not committed.',
  'traces.committed': 'They lost it; others were not looked at.',
  'erasure.ended': 'No trace of a customer is left; the queue still holds the job.',
  'export.starting': 'A customer is about to be written into a file; what is there of it goes.',
  'export.committing': 'A piece of the file is written, not committed.',
  'export.committed': 'A piece of the file is committed; it is not whole, or nobody was told.',
  'export.ended': 'The file is whole; the queue still holds the job.',
} as const satisfies Readonly<Record<string, string>>

export type FailpointName = keyof typeof FAILPOINTS

/** Passes a place of the table. Resolves at once, unless the program was told to fail there. */
export type Failpoint = (name: FailpointName) => Promise<void>

const KINDS = ['kill', 'throw', 'hang', 'delay'] as const
export type FailpointPlan = Readonly<{
  name: FailpointName
  kind: (typeof KINDS)[number]
  /** Of a delay. */
  delayMs: number
  /** At which passing of this process, from 1; once. */
  nth: number
}>

export type FailpointSetting = Readonly<{
  plans: readonly FailpointPlan[]
  /** Each passing of any place is a line in the log. */
  trace: boolean
}>

const DELAY_MS = 1_000
const PLAN = /^([a-z.-]+):([a-z]+)(?:=(\d{1,6}))?(?:@([1-9]\d{0,8}))?$/

/** `name:kill|throw|hang|delay@n`, several with commas between them, or `trace`; else what is wrong, as a sentence. */
export function parseFailpoints(text: string): FailpointSetting | string {
  const plans: FailpointPlan[] = []
  let trace = false
  for (const part of text.split(',').map((one) => one.trim())) {
    if (part === 'trace') {
      trace = true
      continue
    }
    const [, name, kind, ms, nth = '1'] = PLAN.exec(part) ?? []
    if (name === undefined) return `FAILPOINT must be name:kill|throw|hang|delay@n, but has ${JSON.stringify(part)}.`
    if (!Object.hasOwn(FAILPOINTS, name)) return `FAILPOINT names ${name}, which is no failpoint.`
    if (!(KINDS as readonly string[]).includes(kind ?? ''))
      return `FAILPOINT has the kind ${kind}, but there are ${KINDS.join(', ')}.`
    if (ms !== undefined && kind !== 'delay') return 'FAILPOINT has milliseconds for another kind than delay.'
    plans.push({
      name: name as FailpointName,
      kind: kind as FailpointPlan['kind'],
      delayMs: ms === undefined ? DELAY_MS : Number(ms),
      nth: Number(nth),
    })
  }
  return { plans, trace }
}
