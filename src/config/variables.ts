/**
 * Every setting the program reads, as a table: the schema that checks it, `.env.example` and the messages come from here.
 * `must` completes the sentence "NAME must be …". The value of a `secret` one is never shown.
 */
export type Variable = Readonly<{
  name: string
  group: 'HTTP' | 'Data and services' | 'Secrets' | 'Accounts' | 'Instagram' | 'Conversations' | 'Operation'
  schema: Readonly<Record<string, unknown>>
  must: string
  description: string
  default?: string | number | boolean
  /** Where the default is not one value. */
  defaultNote?: string
  example: string
  secret?: true
}>

export const variables = [
  {
    name: 'PORT',
    group: 'HTTP',
    schema: { type: 'integer', minimum: 0, maximum: 65535 },
    must: 'a port number from 0 to 65535',
    description: 'Port of the HTTP API. 0 takes a free one.',
    default: 3001,
    example: '3001',
  },
  {
    name: 'HOST',
    group: 'HTTP',
    schema: { type: 'string', format: 'host' },
    must: 'a host name or an IP address, without port',
    description:
      'Address to listen on. Outside production only this machine can connect; a container has to listen on 0.0.0.0.',
    defaultNote: '127.0.0.1; with NODE_ENV=production 0.0.0.0',
    example: '127.0.0.1',
  },
  {
    name: 'PUBLIC_URL',
    group: 'HTTP',
    schema: { type: 'string', format: 'http-url' },
    must: 'an http:// or https:// address without user name, query or fragment',
    description:
      'Address under which browsers and Meta reach this installation: callback URLs, links and the CSRF check use it. Required in production.',
    defaultNote: 'http://localhost:PORT',
    example: 'https://inbox.example.com',
  },
  {
    name: 'TRUST_PROXY',
    group: 'HTTP',
    schema: { type: 'integer', minimum: 0, maximum: 10 },
    must: 'a whole number from 0 to 10',
    description: 'How many reverse proxies stand in front: that many hops of X-Forwarded-For are believed.',
    default: 0,
    example: '1',
  },

  {
    name: 'DATA_DIR',
    group: 'Data and services',
    schema: { type: 'string' },
    must: 'a folder',
    description: 'Folder of the embedded database and of the secrets made on first start.',
    default: './data',
    example: './data',
  },
  {
    name: 'DATABASE_URL',
    group: 'Data and services',
    schema: { type: 'string', format: 'postgres-url' },
    must: 'a postgres:// address that names a database',
    description:
      'PostgreSQL 15 or newer. Unset: an embedded server with its data in DATA_DIR/pg. Required in production.',
    defaultNote: 'unset',
    example: 'postgres://delightchat:delightchat-local-only@localhost:5432/delightchat',
    secret: true,
  },
  {
    name: 'DATABASE_ADMIN_URL',
    group: 'Data and services',
    schema: { type: 'string', format: 'postgres-url' },
    must: 'a postgres:// address that names a database',
    description: 'The same database as its owner, for db:push alone. Unset: DATABASE_URL.',
    defaultNote: 'unset',
    example: 'postgres://owner:password@localhost:5432/delightchat',
    secret: true,
  },
  {
    name: 'DATABASE_POOL_SIZE',
    group: 'Data and services',
    schema: { type: 'integer', minimum: 2, maximum: 200 },
    must: 'a whole number from 2 to 200',
    description: 'Most database connections of one process.',
    default: 10,
    example: '10',
  },
  {
    name: 'RABBITMQ_URL',
    group: 'Data and services',
    schema: { type: 'string', format: 'amqp-url' },
    must: 'an amqp:// or amqps:// address',
    description: 'RabbitMQ 3.10 or newer. Unset: a queue in the database.',
    defaultNote: 'unset',
    example: 'amqp://delightchat:delightchat-local-only@localhost:5672',
    secret: true,
  },
  {
    name: 'SERVICES_PREFIX',
    group: 'Data and services',
    schema: { type: 'string', pattern: '^[a-z0-9][a-z0-9._-]{0,39}$' },
    must: 'up to 40 of a-z, 0-9, dot, dash and underscore',
    default: 'delightchat',
    description:
      'Begins the names of queues in RabbitMQ and keys in Redis, so that several installations can share them.',
    example: 'delightchat',
  },
  {
    name: 'REDIS_URL',
    group: 'Data and services',
    schema: { type: 'string', format: 'redis-url' },
    must: 'a redis:// or rediss:// address',
    description: 'Redis 7 or newer, for sessions and limits. Unset: sessions in the database, limits in the process.',
    defaultNote: 'unset',
    example: 'redis://:delightchat-local-only@localhost:6379',
    secret: true,
  },

  {
    name: 'SESSION_SECRET',
    group: 'Secrets',
    schema: { type: 'string', format: 'secret-list' },
    must: 'one secret, or several with commas between them and none empty',
    description:
      'Signs sessions. With a comma list the first signs and all are accepted. In production required, 32 characters or more: openssl rand -hex 32',
    defaultNote: 'made once, in DATA_DIR/secrets.json',
    example: '',
    secret: true,
  },
  {
    name: 'ENCRYPTION_KEYS',
    group: 'Secrets',
    schema: { type: 'string', format: 'key-ring' },
    must: 'id:key with a key of 32 bytes in base64, or several with commas between them and no id twice',
    description:
      'Encrypts stored credentials of channels. With a comma list the first encrypts and all decrypt. Required in production: echo "k1:$(openssl rand -base64 32)"',
    defaultNote: 'made once, in DATA_DIR/secrets.json',
    example: '',
    secret: true,
  },

  {
    name: 'SIGNUP_MODE',
    group: 'Accounts',
    schema: { type: 'string', enum: ['open', 'invite'] },
    must: 'open or invite',
    description:
      'Who may make an organization by signing up: anybody, or with invite only the first one; the operator then adds people with member:add.',
    defaultNote: 'open; with NODE_ENV=production invite',
    example: 'open',
  },
  {
    name: 'SESSION_TTL_HOURS',
    group: 'Accounts',
    schema: { type: 'integer', minimum: 1, maximum: 8760 },
    must: 'a whole number of hours from 1 to 8760',
    description: 'How long a login lasts.',
    default: 720,
    example: '720',
  },
  {
    name: 'SESSION_IDLE_HOURS',
    group: 'Accounts',
    schema: { type: 'integer', minimum: 2, maximum: 8760 },
    must: 'a whole number of hours from 2 to 8760',
    description: 'How long a login lasts that nobody uses. An open event stream counts as use once an hour.',
    default: 168,
    example: '168',
  },
  {
    name: 'API_CALLS_PER_MINUTE',
    group: 'Accounts',
    schema: { type: 'integer', minimum: 0, maximum: 10000000 },
    must: 'a whole number from 0 to 10000000',
    description: 'How many calls of the API a person or an API key may make in a minute; 0: as many as they like.',
    defaultNote: '0; with NODE_ENV=production 12000',
    example: '12000',
  },
  {
    name: 'API_CALLS_PER_MINUTE_OF_ORGANIZATION',
    group: 'Accounts',
    schema: { type: 'integer', minimum: 0, maximum: 10000000 },
    must: 'a whole number from 0 to 10000000',
    description: 'How many calls all of an organization may make in a minute; 0: as many as they like.',
    defaultNote: '0; with NODE_ENV=production 60000',
    example: '60000',
  },
  {
    name: 'SENDS_PER_MINUTE',
    group: 'Accounts',
    schema: { type: 'integer', minimum: 0, maximum: 10000000 },
    must: 'a whole number from 0 to 10000000',
    description: 'How many replies a person or an API key may ask for in a minute; 0: as many as they like.',
    defaultNote: '0; with NODE_ENV=production 600',
    example: '600',
  },
  {
    name: 'SENDS_PER_MINUTE_OF_ORGANIZATION',
    group: 'Accounts',
    schema: { type: 'integer', minimum: 0, maximum: 10000000 },
    must: 'a whole number from 0 to 10000000',
    description: 'How many replies all of an organization may ask for in a minute; 0: as many as they like.',
    defaultNote: '0; with NODE_ENV=production 6000',
    example: '6000',
  },
  {
    name: 'MAX_CHANNELS_PER_ORGANIZATION',
    group: 'Accounts',
    schema: { type: 'integer', minimum: 1, maximum: 100_000 },
    must: 'a whole number from 1 to 100000',
    description: 'How many channels an organization may have; those that were deleted do not count.',
    default: 100,
    example: '100',
  },
  {
    name: 'MAX_MEMBERS_PER_ORGANIZATION',
    group: 'Accounts',
    schema: { type: 'integer', minimum: 1, maximum: 100_000 },
    must: 'a whole number from 1 to 100000',
    description: 'How many members an organization may have, disabled ones and open invitations among them.',
    default: 500,
    example: '500',
  },
  {
    name: 'MAX_API_KEYS_PER_ORGANIZATION',
    group: 'Accounts',
    schema: { type: 'integer', minimum: 1, maximum: 100_000 },
    must: 'a whole number from 1 to 100000',
    description: 'How many API keys an organization may have that are not revoked and have not ended.',
    default: 100,
    example: '100',
  },
  {
    name: 'SMTP_URL',
    group: 'Accounts',
    schema: { type: 'string', format: 'smtp-url' },
    must: 'an smtp:// or smtps:// address',
    description:
      'Server that sends letters to members: invitations, new passwords. Unset: whoever invites passes the link on, and passwords are reset with member:reset-password.',
    defaultNote: 'unset',
    example: 'smtps://user:password@mail.example.com',
    secret: true,
  },
  {
    name: 'SMTP_FROM',
    group: 'Accounts',
    schema: { type: 'string', format: 'address' },
    must: 'an e-mail address',
    description: 'From whom these letters are.',
    defaultNote: 'delightchat@ and the host of PUBLIC_URL',
    example: 'inbox@example.com',
  },

  {
    name: 'INSTAGRAM_API_KEY',
    group: 'Instagram',
    schema: { type: 'string' },
    must: 'an access token',
    description: 'Access token for channels that have none of their own, while there is one organization.',
    defaultNote: 'unset',
    example: 'your-instagram-access-token',
    secret: true,
  },
  {
    name: 'INSTAGRAM_APP_ID',
    group: 'Instagram',
    schema: { type: 'string', pattern: '^[0-9]{1,32}$' },
    must: 'a number of up to 32 digits',
    description:
      'Id of the Instagram app, as its Instagram Login settings show it. With it accounts can be connected by Instagram Login.',
    defaultNote: 'unset',
    example: '1122334455667788',
  },
  {
    name: 'INSTAGRAM_APP_SECRET',
    group: 'Instagram',
    schema: { type: 'string', format: 'secret-list' },
    must: 'a secret, or several with commas between them',
    description:
      'Secret of the Instagram app. It also signs what Meta posts to /webhook/instagram: while it is being changed give the new one first and the old one after it.',
    defaultNote: 'unset',
    example: 'your-instagram-app-secret',
    secret: true,
  },
  {
    name: 'META_APP_ID',
    group: 'Instagram',
    schema: { type: 'string', pattern: '^[0-9]{1,32}$' },
    must: 'a number of up to 32 digits',
    description: 'Id of the Meta app, which is another one. With it accounts can be connected by Facebook Login.',
    defaultNote: 'unset',
    example: '8877665544332211',
  },
  {
    name: 'META_APP_SECRET',
    group: 'Instagram',
    schema: { type: 'string', format: 'secret-list' },
    must: 'a secret, or several with commas between them',
    description:
      'Secret of the Meta app. It also signs what Meta posts to /webhook/instagram: while it is being changed give the new one first and the old one after it.',
    defaultNote: 'unset',
    example: 'your-meta-app-secret',
    secret: true,
  },
  {
    name: 'INSTAGRAM_VERIFY_TOKEN',
    group: 'Instagram',
    schema: { type: 'string' },
    must: 'a token',
    description:
      'What you type as "Verify token" where you give the app the callback URL PUBLIC_URL/webhook/instagram.',
    defaultNote: 'unset',
    example: 'a-long-random-token',
    secret: true,
  },
  {
    name: 'INSTAGRAM_OAUTH_URL',
    group: 'Instagram',
    schema: { type: 'string', format: 'http-url' },
    must: 'an http:// or https:// address without user name, query or fragment',
    description: 'Where people log in with Instagram.',
    default: 'https://www.instagram.com',
    example: 'https://www.instagram.com',
  },
  {
    name: 'INSTAGRAM_TOKEN_URL',
    group: 'Instagram',
    schema: { type: 'string', format: 'http-url' },
    must: 'an http:// or https:// address without user name, query or fragment',
    description: 'Where a login with Instagram is exchanged for a token.',
    default: 'https://api.instagram.com',
    example: 'https://api.instagram.com',
  },
  {
    name: 'FACEBOOK_OAUTH_URL',
    group: 'Instagram',
    schema: { type: 'string', format: 'http-url' },
    must: 'an http:// or https:// address without user name, query or fragment',
    description: 'Where people log in with Facebook.',
    default: 'https://www.facebook.com',
    example: 'https://www.facebook.com',
  },
  {
    name: 'INSTAGRAM_GRAPH_URL',
    group: 'Instagram',
    schema: { type: 'string', format: 'http-url' },
    must: 'an http:// or https:// address without user name, query or fragment',
    description: 'Graph API for accounts connected by Instagram Login.',
    default: 'https://graph.instagram.com',
    example: 'https://graph.instagram.com',
  },
  {
    name: 'FACEBOOK_GRAPH_URL',
    group: 'Instagram',
    schema: { type: 'string', format: 'http-url' },
    must: 'an http:// or https:// address without user name, query or fragment',
    description: 'Graph API for accounts connected by Facebook Login.',
    default: 'https://graph.facebook.com',
    example: 'https://graph.facebook.com',
  },
  {
    name: 'META_GRAPH_VERSION',
    group: 'Instagram',
    schema: { type: 'string', pattern: '^v[1-9][0-9]?\\.[0-9]$' },
    must: 'a version such as v26.0',
    description: 'Version of both Graph APIs.',
    default: 'v26.0',
    example: 'v26.0',
  },
  {
    name: 'ALLOW_UNVERIFIED_WEBHOOKS',
    group: 'Instagram',
    schema: { type: 'boolean' },
    must: 'true or false',
    description:
      'Takes unsigned webhook calls from this machine, for trying things out by hand. Refused in production.',
    default: false,
    defaultNote: 'false; npm run start:dev: true',
    example: 'true',
  },

  {
    name: 'REOPEN_WINDOW_HOURS',
    group: 'Conversations',
    schema: { type: 'integer', minimum: 0, maximum: 8760 },
    must: 'a whole number of hours from 0 to 8760',
    description: 'A message that comes this long after a ticket was resolved reopens it; later ones open a new ticket.',
    default: 72,
    example: '72',
  },
  {
    name: 'RAW_EVENT_RETENTION_DAYS',
    group: 'Conversations',
    schema: { type: 'integer', minimum: 1, maximum: 3650 },
    must: 'a whole number of days from 1 to 3650',
    description: 'How long the webhook bodies are kept as received, to be able to process them again.',
    default: 14,
    example: '14',
  },
  {
    name: 'HISTORY_IMPORT_DAYS',
    group: 'Conversations',
    schema: { type: 'integer', minimum: 0, maximum: 3650 },
    must: 'a whole number of days from 0 to 3650',
    description:
      'When an account is connected, its conversations of these last days are imported. 0: none, until somebody asks for it.',
    default: 30,
    example: '30',
  },
  {
    name: 'HISTORY_IMPORT_CONVERSATIONS',
    group: 'Conversations',
    schema: { type: 'integer', minimum: 1, maximum: 100_000 },
    must: 'a whole number from 1 to 100000',
    description: 'Most conversations of one import, the newest first. The platform allows two calls a second.',
    default: 500,
    example: '500',
  },
  {
    name: 'HISTORY_SWEEP_MINUTES',
    group: 'Conversations',
    schema: { type: 'integer', minimum: 0, maximum: 10_080 },
    must: 'a whole number of minutes from 0 to 10080',
    description: 'How often each account is searched for messages whose webhook never came. 0: never.',
    default: 60,
    example: '60',
  },

  {
    name: 'NODE_ENV',
    group: 'Operation',
    schema: { type: 'string', enum: ['development', 'test', 'production'] },
    must: 'development, test or production',
    description: 'production refuses to start with anything that is only good enough for trying out.',
    default: 'development',
    example: 'production',
  },
  {
    name: 'LOG_LEVEL',
    group: 'Operation',
    schema: { type: 'string', enum: ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] },
    must: 'fatal, error, warn, info, debug, trace or silent',
    description: 'Least level that is logged.',
    default: 'info',
    example: 'info',
  },
  {
    name: 'METRICS_TOKEN',
    group: 'Operation',
    schema: { type: 'string' },
    must: 'a secret',
    description:
      'Bearer token that opens /metrics and the details of /readyz to other machines. In production 32 characters or more.',
    defaultNote: 'unset: this machine only',
    example: '',
    secret: true,
  },
  {
    name: 'METRICS_PORT',
    group: 'Operation',
    schema: { type: 'integer', minimum: 0, maximum: 65535 },
    must: 'a port number from 0 to 65535',
    description:
      'Where a process without the HTTP API (a worker) serves /healthz, /readyz and /metrics. Unset: nowhere.',
    defaultNote: 'unset',
    example: '9464',
  },
  {
    name: 'ALLOW_PRIVATE_URLS',
    group: 'Operation',
    schema: { type: 'boolean' },
    must: 'true or false',
    description:
      'Lets addresses that people enter lead to this machine and its networks, for tests and for trying things out. Refused in production.',
    default: false,
    example: 'true',
  },
  {
    name: 'DELIVERY_DEADLINE_SECONDS',
    group: 'Operation',
    schema: { type: 'integer', minimum: 1, maximum: 300 },
    must: 'a whole number of seconds from 1 to 300',
    description: 'How long the processing of webhook bodies may take before it is given up and tried again.',
    default: 30,
    example: '30',
  },
  {
    name: 'SHUTDOWN_DELAY_SECONDS',
    group: 'Operation',
    schema: { type: 'integer', minimum: 0, maximum: 8 },
    must: 'a whole number of seconds from 0 to 8',
    description:
      'How long a process that was told to end goes on serving while /readyz says no, so that the load balancer in front sends no more.',
    defaultNote: '0; with NODE_ENV=production 5',
    example: '5',
  },
  {
    name: 'EVENT_LOOP_LIMIT_MS',
    group: 'Operation',
    schema: { type: 'integer', minimum: 50, maximum: 60_000 },
    must: 'a whole number of milliseconds from 50 to 60000',
    description: 'A process that does nothing at all for longer than this tells so in its log and its figures.',
    default: 1_000,
    example: '1000',
  },
  {
    name: 'FAILPOINT',
    group: 'Operation',
    schema: { type: 'string' },
    must: 'failpoints',
    description:
      'For tests of faults: name:kill|throw|hang|delay@n makes the program fail as it passes that place for the nth time; several with commas between them. docs/reliability.md names the places. Refused in production.',
    defaultNote: 'unset',
    example: 'ingest.committed:kill@1',
  },
] as const satisfies readonly Variable[]

type Entry = (typeof variables)[number]
export type VariableName = Entry['name']

type ValueOf<E extends Entry> = E['schema'] extends { enum: readonly (infer Word)[] }
  ? Word
  : E['schema'] extends { type: 'integer' }
    ? number
    : E['schema'] extends { type: 'boolean' }
      ? boolean
      : string

/** The values as read: typed, with defaults, absent where unset. */
export type Values = {
  [E in Entry as E extends { default: unknown } ? E['name'] : never]: ValueOf<E>
} & {
  [E in Entry as E extends { default: unknown } ? never : E['name']]?: ValueOf<E>
}
