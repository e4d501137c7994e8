import { forMembers, json } from '../operation.ts'

/** What is installed. The schema names secrets and never holds one: those are the channels'. */
export const listChannelTypes = forMembers(({ registry }) => () => {
  const data = registry.types.flatMap((name) => {
    const adapter = registry.get(name)
    if (adapter === null) return []
    const { type, platform, settings, capabilities } = adapter
    return [{ type, platform, configSchema: settings.schema, capabilities }]
  })
  return json(200, { data, page: { nextCursor: null, hasMore: false } })
})
