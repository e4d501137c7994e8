import type { Express, RequestHandler } from 'express'
import swaggerUi from 'swagger-ui-express'

/** Swagger UI from this server's own files. It sends the session's cookie by itself; a token that was entered goes with the page. */
export function mountDocs(app: Express, title: string): void {
  const options = {
    customSiteTitle: title,
    swaggerUrl: '/openapi.json',
    customCss: '.swagger-ui .topbar { display: none }',
    swaggerOptions: {
      withCredentials: true,
      persistAuthorization: false,
      displayRequestDuration: true,
      filter: true,
      requestInterceptor: stayHere,
    },
  }
  const [script, assets] = swaggerUi.serveFiles(undefined, options) as [RequestHandler, RequestHandler]
  app.use('/docs', script, assets)
  app.get('/docs', swaggerUi.setup(undefined, options))
}

/**
 * Runs in the browser, from its text: the page may have been opened under another name of this server than the contract has
 * (127.0.0.1 and localhost), and its policy lets it call nobody else.
 */
function stayHere(request: { url: string }): { url: string } {
  const { location } = globalThis as unknown as { location: { href: string; origin: string } }
  const { pathname, search } = new URL(request.url, location.href)
  request.url = location.origin + pathname + search
  return request
}
