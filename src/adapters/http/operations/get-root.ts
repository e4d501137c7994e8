import { forEverybody, json } from '../operation.ts'
import { prefersHtml } from '../pages/prefers-html.ts'
import { rootPage } from '../pages/root-page.ts'

export const getRoot = forEverybody(({ config, contract }) => {
  const { title: name, version } = contract.document.info
  const links = {
    ...(config.exposeDocs && { docs: '/docs' }),
    openapi: '/openapi.yaml',
    postmanCollection: '/postman-collection.json',
    problems: '/problems',
    health: '/healthz',
  }
  const page = rootPage(name, version, config.exposeDocs)
  return ({ req }) =>
    prefersHtml(req) ? { status: 200, type: 'text/html', body: page } : json(200, { name, version, links })
})
