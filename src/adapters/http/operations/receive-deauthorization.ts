import { takeSignedRequest } from '../take-signed-request.ts'

export const receiveDeauthorization = takeSignedRequest('deauthorize')
