import type { Answer } from './http.ts'
import { newTraceId } from './ids.ts'
import type { Login } from './types.ts'

export type GraphError = Readonly<{ code: number; subcode?: number; message?: string; httpStatus?: number }>

const MESSAGES: Record<string, string> = {
  '1/1357046': 'An unknown error occurred',
  '10/2534022': 'This message is sent outside of allowed window.',
  '100/33':
    'Unsupported request. Object does not exist, cannot be loaded due to missing permissions, or does not support this operation.',
  '100/2018008': 'Failed to fetch the file from the url.',
  '100/2018047': 'Upload attachment failure: the type of the file does not match the type that was asked for.',
  '100/2018109': 'Attachment size exceeds allowable limit.',
  '100/2534014': 'The requested user cannot be found.',
  '100/2534025': 'The comment is invalid for a private reply.',
  '20/1772107': 'The request does not support the requested response format.',
  '190/463': 'Error validating access token: Session has expired.',
  '200/2534041': 'The account owner has disabled access to instagram direct messages.',
  '551/1545041': "This person isn't available right now.",
  '613/2534040': 'Calls to this api have exceeded the rate limit.',
  '1': 'An unknown error occurred',
  '2': 'Service temporarily unavailable',
  '3': 'Application does not have the capability to make this API call.',
  '4': 'Application request limit reached',
  '10': 'Application does not have permission for this action',
  '100': 'Invalid parameter',
  '104': 'An access token is required to request this resource.',
  '190': 'Error validating access token: The session is invalid.',
  '230': 'User consent is required to access user profile',
  '613': 'Calls to this api have exceeded the rate limit.',
  '9000001': 'The requested message is deleted or too old to be read.',
  '9010': 'No matching Instagram user',
}

const FORBIDDEN = (code: number): boolean => code === 3 || code === 10 || code === 200

/** An error in Meta's own shape; the type differs between the two hosts and means nothing. */
export function refuse(login: Login, { code, subcode, message, httpStatus }: GraphError): Answer {
  const words = message ?? MESSAGES[`${code}/${subcode}`] ?? MESSAGES[String(code)] ?? 'The request was refused'
  return {
    status: httpStatus ?? (FORBIDDEN(code) ? 403 : 400),
    body: {
      error: {
        message: words.startsWith('(#') || code === 190 ? words : `(#${code}) ${words}`,
        type: login === 'facebook' || code === 190 ? 'OAuthException' : 'IGApiException',
        code,
        ...(subcode === undefined ? {} : { error_subcode: subcode }),
        fbtrace_id: newTraceId(),
      },
    },
  }
}
