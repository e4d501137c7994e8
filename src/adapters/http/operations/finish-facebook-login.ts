import { finishLogin } from '../finish-login.ts'

export const finishFacebookLogin = finishLogin('facebook')
