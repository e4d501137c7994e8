import { forEverybody } from '../operation.ts'
import { invitationPage } from '../pages/letter-pages.ts'

export const getInvitationPage = forEverybody(() => () => invitationPage)
