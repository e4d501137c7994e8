import type { RequestHandler } from 'express'
import helmet from 'helmet'

/** What browsers may do with our pages: Swagger UI needs inline styles and images, and no page needs another server. */
export function securityHeaders(publicUrl: string): RequestHandler {
  const isHttps = publicUrl.startsWith('https:')
  return helmet({
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        defaultSrc: ["'none'"],
        scriptSrc: ["'self'"],
        styleSrc: ["'self'", "'unsafe-inline'"],
        imgSrc: ["'self'", 'data:'],
        connectSrc: ["'self'"],
        fontSrc: ["'self'"],
        baseUri: ["'none'"],
        formAction: ["'self'"],
        frameAncestors: ["'none'"],
      },
    },
    // Over plain HTTP, on a laptop, it would lock the browser out.
    strictTransportSecurity: isHttps,
    xFrameOptions: { action: 'deny' },
  })
}
