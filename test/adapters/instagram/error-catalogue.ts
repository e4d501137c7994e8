/** What Meta's errors call for, row by row; `says` stands in for a message that only tells the meaning. */
export type CatalogueRow = Readonly<{
  code: number
  subcode?: number
  says?: string
  httpStatus?: number
  /** A refusal's public code, or what else becomes of the send. */
  send: string
  read: 'withheld' | 'retry' | 'reauthorize'
}>

const row = (
  code: number,
  subcode: number | null,
  send: string,
  read: CatalogueRow['read'] = 'withheld',
  more: Pick<CatalogueRow, 'says' | 'httpStatus'> = {},
): CatalogueRow => ({ code, ...(subcode === null ? {} : { subcode }), send, read, ...more })

export const CATALOGUE: readonly CatalogueRow[] = [
  // The token is dead; 102 wants a new session, and nobody is woken for it.
  ...[null, 0, 463, 460, 458, 459, 464, 467, 492].map((subcode) =>
    row(190, subcode, 'reauthorize and tell', 'reauthorize'),
  ),
  row(102, null, 'reauthorize', 'reauthorize'),

  // Something that an administrator has to put right.
  ...[10, 3, 27, 200, 205, 230, 299].map((code) => row(code, null, 'permission-missing')),
  row(10, 2534077, 'permission-missing'),
  row(100, 2534013, 'permission-missing'),
  row(100, null, 'permission-missing', 'withheld', { says: 'Unsupported request - method type: post' }),
  row(200, 2534041, 'permission-missing'),
  row(200, 2018028, 'permission-missing'),
  row(2500, null, 'platform-refused'),
  row(2500, null, 'platform-refused', 'withheld', { says: 'Unknown path components: /messages', httpStatus: 500 }),
  row(36103, null, 'account-restricted'),
  row(100, 2534029, 'account-restricted, account waits 3600000'),

  // The window.
  row(10, 2534022, 'messaging-window-closed'),
  row(10, 2018278, 'messaging-window-closed'),
  row(10, 2018065, 'messaging-window-closed'),
  row(403, null, 'human-agent-not-approved', 'withheld', {
    says: "To use 'Human Agent', your use of this endpoint must be reviewed and approved",
    httpStatus: 403,
  }),

  // For good, for this message.
  row(10, 2018108, 'recipient-unavailable'),
  row(200, 1545041, 'recipient-unavailable'),
  row(551, null, 'recipient-unavailable'),
  row(551, 1545041, 'recipient-unavailable'),
  row(10, null, 'not-thread-owner', 'withheld', { says: '(#10) Another app is controlling this thread now.' }),
  row(10, 2018300, 'not-thread-owner'),
  row(100, 2018300, 'not-thread-owner'),
  row(200, 2018300, 'not-thread-owner'),
  row(2018300, null, 'not-thread-owner'),
  row(100, 2534037, 'not-thread-owner'),
  row(100, null, 'content-refused'),
  row(100, null, 'content-too-long', 'withheld', { says: 'Length of param message[text] must be less than 1000' }),
  row(100, 2018014, 'content-refused'),
  row(100, 2534015, 'content-refused'),
  row(506, null, 'content-refused'),
  row(100, 33, 'recipient-unknown'),
  row(100, 2018001, 'recipient-unknown'),
  row(100, 2534014, 'recipient-unknown'),
  row(9010, null, 'recipient-unknown'),
  row(100, 2534025, 'comment-reply-used'),
  ...[10900, 10901, 10902, 10903].map((code) => row(code, null, 'comment-reply-used')),
  row(100, 2534068, 'media-refused'),
  row(100, 2018047, 'media-refused'),
  row(100, 2018074, 'media-refused'),
  row(100, 2018109, 'media-refused'),
  row(613, 2018338, 'platform-refused and tell'),
  row(2022, null, 'platform-refused'),
  row(24001, null, 'platform-refused'),
  row(9000001, null, 'platform-refused'),
  row(424242, null, 'platform-refused'),

  // Once or twice more, then for good.
  row(100, 2018008, 'message waits, 2 more, then media-refused', 'retry'),
  row(100, 2018294, 'message waits, 1 more, then media-refused', 'retry'),

  // The account waits, or everybody who is called through the app.
  ...[17, 32, 80001, 80002, 80006].map((code) => row(code, null, 'account waits (throttled)', 'retry')),
  row(613, null, 'account waits (throttled)', 'retry'),
  row(613, 2534040, 'account waits (throttled)', 'retry'),
  row(613, null, 'account waits (throttled)', 'retry', { httpStatus: 429 }),
  row(10, 1893063, 'account waits 3600000 (restricted)', 'retry'),
  row(368, null, 'account waits 3600000 (restricted)', 'retry'),
  ...[4, 341].map((code) => row(code, null, 'app waits (app-throttled)', 'retry')),
  row(613, 1996, 'app waits (restricted)', 'retry'),

  // It may have been sent all the same. A read is asked again.
  row(1, null, 'unknown', 'retry'),
  row(1, 99, 'unknown', 'retry'),
  row(1, 1357046, 'unknown', 'retry'),
  row(2, null, 'unknown', 'retry'),
  row(2, 2018280, 'unknown', 'retry'),
  row(-1, null, 'unknown', 'retry'),
  row(-2, null, 'unknown', 'retry'),
  row(1200, null, 'unknown', 'retry'),
  row(20, 1772107, 'unknown', 'retry'),
  row(10, null, 'unknown', 'retry', { httpStatus: 500 }),
  row(190, 463, 'unknown', 'retry', { httpStatus: 503 }),
]
