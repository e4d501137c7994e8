import { forEverybody } from '../operation.ts'
import { passwordResetPage } from '../pages/letter-pages.ts'

export const getPasswordResetPage = forEverybody(() => () => passwordResetPage)
