import { takeSignedRequest } from '../take-signed-request.ts'

export const receiveDataDeletion = takeSignedRequest('data-deletion')
