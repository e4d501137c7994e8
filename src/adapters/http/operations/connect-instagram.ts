import { beginLogin } from '../begin-login.ts'

export const connectInstagram = beginLogin('instagram')
