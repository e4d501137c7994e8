import type { Express, RequestHandler } from 'express'
import swaggerUi from 'swagger-ui-express'

/** Swagger UI from this server's own files. It sends the session's cookie by itself, and keeps a token that was entered. */
export function mountDocs(app: Express, title: string): void {
  const options = {
    customSiteTitle: title,
    swaggerUrl: '/openapi.json',
    customCss: '.swagger-ui .topbar { display: none }',
    swaggerOptions: { withCredentials: true, persistAuthorization: true, displayRequestDuration: true, filter: true },
  }
  const [script, assets] = swaggerUi.serveFiles(undefined, options) as [RequestHandler, RequestHandler]
  app.use('/docs', script, assets)
  app.get('/docs', swaggerUi.setup(undefined, options))
}
