import { forEverybody, json } from '../operation.ts'

export const getLiveness = forEverybody(() => () => json(200, { status: 'ok' }))
