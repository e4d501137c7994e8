import type { Request } from 'express'

/** A browser asks for a page first; everything else, also what takes anything, gets JSON. */
export const prefersHtml = (req: Request): boolean => req.accepts(['json', 'html']) === 'html'
