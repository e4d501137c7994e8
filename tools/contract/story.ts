/** One request of the collection: an operation of the contract with what this run puts into it. */
export type Step = Readonly<{
  operationId: string
  name: string
  /** What the answer may be. */
  status: number | readonly number[]
  /** Names of variables for path parameters that are not called like their parameter. */
  path?: Readonly<Record<string, string>>
  /** The query parameters that are sent. All others of the operation are there, switched off. */
  query?: Readonly<Record<string, string>>
  headers?: Readonly<Record<string, string>>
  /** In place of the contract's first example. */
  body?: unknown
  /** The variable with the bearer token, where it is not the session. */
  bearer?: string
  /** JavaScript that runs before the request. */
  before?: readonly string[]
  /** JavaScript that runs after it, with the parsed answer in `answer`. */
  after?: readonly string[]
  /** A JavaScript expression over `answer`. The request is repeated until it is true: the work goes on in the background. */
  until?: string
}>

export type Folder = Readonly<{ name: string; description: string; steps: readonly Step[] }>

/** Operations that a run from top to bottom cannot contain, with the reason. */
export const leftOut: Readonly<Record<string, string>> = {
  finishInstagramLogin: 'a browser comes there from the login page of the platform',
  finishFacebookLogin: 'a browser comes there from the login page of the platform',
  chooseFacebookAccount: 'it needs a person who has logged in',
  verifyChannel: 'it asks the platform about an account, and a run has none there',
  receiveDeauthorization: 'only the platform can sign it',
  receiveDataDeletion: 'only the platform can sign it',
  getDataDeletion: 'its code comes from a request that only the platform can sign',
  streamEvents: 'a stream has no end, so a run would never come past it',
  requestPasswordReset: 'it needs a server for letters',
  confirmPasswordReset: 'its token is in a letter',
  showInvitation: 'its token is in a link that a person opens',
  acceptInvitation: 'its token is in a link that a person opens',
  getInvitationPage: 'it is for browsers',
  getPasswordResetPage: 'it is for browsers',
  getScript: 'it is for the pages behind letters',
  createAttachment: 'its body is a file, and a run on a laptop has no public address to fetch it from',
  getAttachment: 'it needs an upload',
  deleteAttachment: 'it needs an upload',
  getMedia: 'it is the link of an upload',
  eraseCustomer: 'it would take the story’s customer away',
  getErasure: 'it needs an erasure',
}

/** Set by the requests as they go. All but `baseUrl` start empty. */
export const variables = [
  'accessToken',
  'orgId',
  'apiKeyId',
  'memberId',
  'invitationId',
  'channelId',
  'instagramChannelId',
  'customerId',
  'ticketId',
  'messageId',
  'notificationId',
  'runId',
  'email',
  'password',
  'channelSecret',
  'rawEventId',
  'importId',
  'exportId',
  'idempotencyKey',
] as const

const save = (variable: (typeof variables)[number], expression: string) =>
  `pm.collectionVariables.set('${variable}', ${expression})`
const check = (title: string, ...lines: string[]) => [
  `pm.test(${JSON.stringify(title)}, () => {`,
  ...lines.map((line) => `  ${line}`),
  '})',
]

export const story: readonly Folder[] = [
  {
    name: 'System',
    description: 'What this server is and whether it is well. No session needed.',
    steps: [
      { operationId: 'getRoot', name: 'Name, version and where to go', status: 200 },
      { operationId: 'getLiveness', name: 'Is the process alive', status: 200 },
      { operationId: 'getReadiness', name: 'Can the process serve', status: 200 },
      {
        operationId: 'getMetrics',
        name: 'Figures for Prometheus (from the same machine only)',
        status: [200, 401],
      },
      { operationId: 'getOpenapiYaml', name: 'The contract as YAML', status: 200 },
      { operationId: 'getOpenapiJson', name: 'The contract as JSON', status: 200 },
      { operationId: 'getPostmanCollection', name: 'This collection', status: 200 },
      { operationId: 'listProblems', name: 'Every error code', status: 200 },
      {
        operationId: 'getProblem',
        name: 'One error code explained',
        path: { code: 'messaging-window-closed' },
        status: 200,
      },
    ],
  },
  {
    name: 'Sign-in',
    description: 'Makes an organization of its own for this run. Everything below uses its token.',
    steps: [
      {
        operationId: 'signUp',
        name: 'Create an organization',
        status: 201,
        before: [
          'const runId = Date.now().toString(36) + Math.random().toString(36).slice(2)',
          save('runId', 'runId'),
          save('email', "'admin-' + runId + '@instagramdemo.com'"),
          save('password', "'not-a-common-one-' + runId"),
        ],
        body: { orgName: 'Instagram Demo Company', name: 'Admin User', email: '{{email}}', password: '{{password}}' },
        after: [save('accessToken', 'answer.accessToken'), save('orgId', 'answer.orgId')],
      },
      {
        operationId: 'signUp',
        name: 'The same e-mail address again is refused',
        status: 409,
        body: { orgName: 'Instagram Demo Company', name: 'Admin User', email: '{{email}}', password: '{{password}}' },
        after: check('says why', "pm.expect(answer.code).to.equal('email-taken')"),
      },
      {
        operationId: 'logIn',
        name: 'Sign in',
        status: 200,
        body: { email: '{{email}}', password: '{{password}}' },
        after: [save('accessToken', 'answer.accessToken')],
      },
      {
        operationId: 'getMe',
        name: 'Who am I',
        status: 200,
        after: check(
          'is the organization of this run',
          "pm.expect(answer.orgId).to.equal(pm.collectionVariables.get('orgId'))",
        ),
      },
      {
        operationId: 'switchOrganization',
        name: 'Go on in an organization of mine',
        status: 200,
        body: { orgId: '{{orgId}}' },
        after: [save('accessToken', 'answer.accessToken')],
      },
      { operationId: 'listSessions', name: 'Where am I signed in', status: 200 },
      { operationId: 'revokeOtherSessions', name: 'Sign out everywhere else', status: 204 },
      {
        operationId: 'revokeSession',
        name: 'A session that is not mine is not there',
        path: { sessionId: 'orgId' },
        status: 404,
      },
    ],
  },
  {
    name: 'Members',
    description: 'Who belongs to the organization. Here it is one person, so that they have to stay.',
    steps: [
      {
        operationId: 'listMembers',
        name: 'List the members',
        status: 200,
        after: [save('memberId', 'answer.data[0].id')],
      },
      { operationId: 'getMember', name: 'One member', status: 200 },
      {
        operationId: 'updateMember',
        name: 'The only owner stays an owner',
        status: 409,
        body: { role: 'AGENT' },
        after: check('says why', "pm.expect(answer.code).to.equal('last-owner')"),
      },
      {
        operationId: 'removeMember',
        name: 'And is not removed',
        status: 409,
        after: check('says why', "pm.expect(answer.code).to.equal('last-owner')"),
      },
      {
        operationId: 'endMemberSessions',
        name: 'Sign out somebody who is not there',
        path: { memberId: 'orgId' },
        status: 404,
      },
      {
        operationId: 'createInvitation',
        name: 'Invite somebody',
        status: 201,
        body: { email: 'ann-{{runId}}@example.com', role: 'AGENT' },
        after: [save('invitationId', 'answer.id')],
      },
      { operationId: 'renewInvitation', name: 'Another link for them', status: 200 },
      { operationId: 'listInvitations', name: 'Who was invited', status: 200 },
      { operationId: 'revokeInvitation', name: 'Take it back', status: 204 },
    ],
  },
  {
    name: 'API keys',
    description: 'What a program carries instead of a session.',
    steps: [
      {
        operationId: 'createApiKey',
        name: 'Make a key',
        status: 201,
        body: { name: 'Nightly report', scopes: ['tickets:read', 'messages:read'] },
        after: [save('apiKeyId', 'answer.key.id')],
      },
      { operationId: 'listApiKeys', name: 'List the keys', status: 200 },
      { operationId: 'getApiKey', name: 'One key', status: 200 },
      { operationId: 'revokeApiKey', name: 'Revoke it', status: 204 },
    ],
  },
  {
    name: 'Audit log',
    description: 'Who did what.',
    steps: [
      {
        operationId: 'listAuditEntries',
        name: 'What was done with the key',
        query: { resourceId: '{{apiKeyId}}' },
        status: 200,
        after: check(
          'has both, the newest first',
          "pm.expect(answer.data.map((one) => one.action)).to.eql(['api-key.revoked', 'api-key.created'])",
        ),
      },
    ],
  },
  {
    name: 'Channels',
    description: 'An Instagram account, with made-up credentials, and a channel that any system can POST to.',
    steps: [
      {
        operationId: 'createChannel',
        name: 'Connect an Instagram account',
        status: 201,
        body: {
          type: 'INSTAGRAM',
          name: 'Instagram Business Account',
          config: {
            pageId: 'page-{{runId}}',
            accessToken: 'YOUR_LONG_LIVED_ACCESS_TOKEN',
            appSecret: 'YOUR_APP_SECRET',
            webhookVerifyToken: 'instagram_verify_token_123',
            webhookUrl: 'https://your-ngrok-url.ngrok-free.app/webhook',
          },
        },
        after: [
          save('instagramChannelId', 'answer.channelId'),
          ...check('shows no secret', "pm.expect(pm.response.text()).not.to.include('YOUR_APP_SECRET')"),
        ],
      },
      {
        operationId: 'createChannel',
        name: 'Connect any system',
        status: 201,
        before: [save('channelSecret', "'secret-of-this-run-' + pm.collectionVariables.get('runId')")],
        body: { type: 'API', name: 'Contact form', config: { secret: '{{channelSecret}}' } },
        after: [save('channelId', 'answer.channelId')],
      },
      // 409 where the operator has not set that login up.
      { operationId: 'connectInstagram', name: 'Connect by Instagram Login', status: [200, 409] },
      { operationId: 'connectFacebook', name: 'Connect by Facebook Login', status: [200, 409] },
      { operationId: 'listChannelTypes', name: 'List what channels can be made of', status: 200 },
      { operationId: 'listChannels', name: 'List the channels', status: 200 },
      { operationId: 'getChannel', name: 'Read a channel', status: 200 },
      {
        operationId: 'updateChannel',
        name: 'Rename a channel',
        status: 200,
        body: { name: 'Contact form in the shop' },
      },
    ],
  },
  {
    name: 'Webhooks',
    description: 'What the platforms do: the handshake of Meta, and a message in the plain form.',
    steps: [
      // 403 and 503 where the operator has set no token and no secret; 401 where there is one, which this run does not know.
      { operationId: 'verifyAppWebhook', name: 'Answer the handshake of the whole app', status: [200, 403] },
      { operationId: 'receiveAppWebhook', name: 'Take a delivery for a whole app', status: [401, 503] },
      {
        operationId: 'verifyWebhook',
        name: "Answer the platform's handshake",
        path: { channelId: '{{instagramChannelId}}' },
        query: {
          'hub.mode': 'subscribe',
          'hub.verify_token': 'instagram_verify_token_123',
          'hub.challenge': 'test_challenge',
        },
        status: 200,
        after: check('gives the challenge back', "pm.expect(pm.response.text()).to.equal('test_challenge')"),
      },
      {
        operationId: 'receiveWebhook',
        name: "Take a customer's message",
        bearer: 'channelSecret',
        status: 200,
        body: {
          senderPhone: 'instagram_user_{{runId}}',
          senderName: 'John Doe',
          message: 'Hello! I need help with my order',
          messageId: 'ig_msg_{{runId}}',
          metadata: { platform: 'instagram', type: 'direct_message' },
        },
        after: check('confirms it', "pm.expect(pm.response.text()).to.equal('EVENT_RECEIVED')"),
      },
      {
        operationId: 'listRawEvents',
        name: 'List what has come in',
        status: 200,
        until: 'answer.data.length > 0',
        after: [save('rawEventId', 'answer.data[0].id')],
      },
      {
        operationId: 'getRawEvent',
        name: 'Read it as it came',
        status: 200,
        after: check('is what was sent', "pm.expect(answer.body).to.include('I need help with my order')"),
      },
      {
        operationId: 'replayRawEvent',
        name: 'Process it again, which changes nothing',
        status: 200,
        after: check('is processed', "pm.expect(answer.status).to.equal('PROCESSED')"),
      },
      {
        operationId: 'replayRawEvents',
        name: 'Process again whatever was put aside',
        status: 202,
        body: { status: 'QUARANTINED' },
        after: check('there is none', 'pm.expect(answer.matched).to.equal(0)'),
      },
      {
        operationId: 'listDeadLetters',
        name: 'List background work that was given up',
        status: 200,
        after: check('there is none', 'pm.expect(answer.data).to.eql([])'),
      },
      {
        operationId: 'replayDeadLetters',
        name: 'Try all of it again',
        status: 202,
        body: {},
        after: check('there is none', 'pm.expect(answer.matched).to.equal(0)'),
      },
      {
        operationId: 'replayDeadLetter',
        name: 'Try again what is not there',
        path: { deadLetterId: '019a9f0e-7c1b-7d3a-9a55-0c6e2f1b4d21' },
        status: 404,
      },
      {
        operationId: 'startImport',
        name: 'Import what was written before',
        path: { channelId: '{{instagramChannelId}}' },
        status: 202,
        after: [save('importId', 'answer.id')],
      },
      {
        operationId: 'getImport',
        name: 'See how far it is',
        path: { channelId: '{{instagramChannelId}}' },
        status: 200,
        after: check('tells its state', "pm.expect(answer.state).to.be.a('string')"),
      },
    ],
  },
  {
    name: 'Customers',
    description: 'The person who wrote was made a customer.',
    steps: [
      {
        operationId: 'listCustomers',
        name: 'List the customers',
        query: { channelId: '{{channelId}}' },
        status: 200,
        until: 'answer.data.length > 0',
        after: [save('customerId', 'answer.data[0].id')],
      },
      {
        operationId: 'getCustomer',
        name: 'Read a customer',
        status: 200,
        after: check('is who wrote', "pm.expect(answer.displayName).to.equal('John Doe')"),
      },
      {
        operationId: 'exportCustomer',
        name: 'Ask for a file with all that is kept of them',
        status: 202,
        after: [save('exportId', 'answer.id')],
      },
      {
        operationId: 'getExport',
        name: 'Wait until it is written',
        status: 200,
        until: "answer.state === 'READY'",
      },
      {
        operationId: 'getExportFile',
        name: 'Fetch the file',
        status: 200,
        after: check('is about who wrote', "pm.expect(answer.customer.displayName).to.equal('John Doe')"),
      },
    ],
  },
  {
    name: 'Tickets',
    description: 'The message opened a ticket.',
    steps: [
      {
        operationId: 'listTickets',
        name: 'List the tickets',
        query: { channelId: '{{channelId}}', status: 'OPEN,PENDING' },
        status: 200,
        until: 'answer.data.length > 0',
        after: [save('ticketId', 'answer.data[0].id')],
      },
      {
        operationId: 'getTicket',
        name: 'Read a ticket',
        status: 200,
        after: check(
          'has one message that nobody answered',
          "pm.expect(answer.status).to.equal('OPEN')",
          'pm.expect(answer.unreadCount).to.equal(1)',
        ),
      },
      {
        operationId: 'updateTicket',
        name: "Change a ticket's state",
        status: 200,
        body: { status: 'PENDING' },
        after: check('has changed', "pm.expect(answer.status).to.equal('PENDING')"),
      },
    ],
  },
  {
    name: 'Messages',
    description: 'The reply, from the queue to its delivery.',
    steps: [
      {
        operationId: 'listMessages',
        name: "List a ticket's messages",
        status: 200,
        after: check(
          "is the customer's message",
          "pm.expect(answer.data.map((message) => message.content)).to.eql(['Hello! I need help with my order'])",
        ),
      },
      {
        operationId: 'sendMessage',
        name: 'Reply to the customer',
        status: 201,
        before: [save('idempotencyKey', "'reply-' + pm.collectionVariables.get('runId')")],
        headers: { 'Idempotency-Key': '{{idempotencyKey}}' },
        after: [
          save('messageId', 'answer.id'),
          ...check('waits to be sent', "pm.expect(answer.status).to.equal('QUEUED')"),
        ],
      },
      {
        operationId: 'sendMessage',
        name: 'The same request again changes nothing',
        status: 201,
        headers: { 'Idempotency-Key': '{{idempotencyKey}}' },
        after: check('is the same message', "pm.expect(answer.id).to.equal(pm.collectionVariables.get('messageId'))"),
      },
      {
        operationId: 'getMessage',
        name: 'Read a message until it was sent',
        status: 200,
        until: "answer.status === 'SENT'",
      },
      {
        operationId: 'retryMessage',
        name: 'A message that did not fail is not sent again',
        status: 409,
        after: check('says why', "pm.expect(answer.code).to.equal('not-failed')"),
      },
      {
        operationId: 'checkMessage',
        name: 'A message that is not in doubt is answered as it is',
        status: 200,
        after: check('is sent', "pm.expect(answer.status).to.equal('SENT')"),
      },
      {
        operationId: 'sendMessageAgain',
        name: 'Only a message in doubt is sent again',
        status: 409,
        after: check('says why', "pm.expect(answer.code).to.equal('not-unknown')"),
      },
      {
        operationId: 'setReaction',
        name: 'React to a message: this channel has no reactions',
        status: 422,
        after: check('says what is missing', "pm.expect(answer.code).to.equal('capability-missing')"),
      },
      {
        operationId: 'removeReaction',
        name: 'Take a reaction back: this channel has none',
        status: 422,
        after: check('says what is missing', "pm.expect(answer.code).to.equal('capability-missing')"),
      },
      {
        operationId: 'showTyping',
        name: 'Show that somebody writes: this channel cannot',
        status: 422,
        after: check('says what is missing', "pm.expect(answer.code).to.equal('capability-missing')"),
      },
      {
        operationId: 'markSeen',
        name: 'Show that it was seen: this channel cannot',
        status: 422,
        after: check('says what is missing', "pm.expect(answer.code).to.equal('capability-missing')"),
      },
      {
        operationId: 'hideComment',
        name: 'Hide a comment: this one is none',
        status: 422,
        after: check('says what is missing', "pm.expect(answer.code).to.equal('capability-missing')"),
      },
      {
        operationId: 'showComment',
        name: 'Show it again: it is none',
        status: 422,
        after: check('says what is missing', "pm.expect(answer.code).to.equal('capability-missing')"),
      },
      {
        operationId: 'deleteComment',
        name: 'Delete a comment: this one is none',
        status: 422,
        after: check('says what is missing', "pm.expect(answer.code).to.equal('capability-missing')"),
      },
    ],
  },
  {
    name: 'Notifications',
    description: 'The member was told about the new ticket.',
    steps: [
      {
        operationId: 'listNotifications',
        name: 'List my notifications',
        query: { unread: 'true' },
        status: 200,
        after: [
          save('notificationId', 'answer.data[0].id'),
          ...check('tells of the new ticket', "pm.expect(answer.data[0].type).to.equal('TICKET_NEW_UNASSIGNED')"),
        ],
      },
      {
        operationId: 'updateNotification',
        name: 'Mark a notification as read',
        status: 200,
        after: check('is read', 'pm.expect(answer.read).to.equal(true)'),
      },
    ],
  },
  {
    name: 'Events',
    description: 'The same story as a log. This is where a system behind an API channel collects the replies.',
    steps: [
      {
        operationId: 'listEvents',
        name: 'Read what changed',
        query: { after: '0', limit: '100' },
        status: 200,
        until: "answer.data.some((event) => event.type === 'message.status_changed' && event.changes.to === 'SENT')",
        after: check(
          'holds the reply',
          "const reply = answer.data.find((event) => event.resource.id === pm.collectionVariables.get('messageId'))",
          "pm.expect(reply.data.content).to.equal('Thank you for reaching out! How can I help you today?')",
        ),
      },
    ],
  },
  {
    name: 'Leaving',
    description: 'Takes the Instagram account off again and ends the session.',
    steps: [
      {
        operationId: 'deleteChannel',
        name: 'Disconnect a channel',
        path: { channelId: '{{instagramChannelId}}' },
        status: 204,
      },
      {
        operationId: 'confirmPassword',
        name: 'Give the password once more',
        status: 200,
        body: { password: '{{password}}' },
        after: [save('accessToken', 'answer.accessToken')],
      },
      {
        operationId: 'changePassword',
        name: 'Change the password',
        status: 200,
        body: { currentPassword: '{{password}}', newPassword: 'correct horse battery staple' },
        after: [save('accessToken', 'answer.accessToken')],
      },
      { operationId: 'logOut', name: 'Sign out', status: 204 },
      {
        operationId: 'getMe',
        name: 'The token is dead',
        status: 401,
        after: check('says why', "pm.expect(answer.code).to.equal('unauthenticated')"),
      },
    ],
  },
]
