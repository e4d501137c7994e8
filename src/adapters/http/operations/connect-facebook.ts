import { beginLogin } from '../begin-login.ts'

export const connectFacebook = beginLogin('facebook')
