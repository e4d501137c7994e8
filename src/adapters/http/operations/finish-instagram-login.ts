import { finishLogin } from '../finish-login.ts'

export const finishInstagramLogin = finishLogin('instagram')
