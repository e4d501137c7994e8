import { asShape, readFlag, readText, readWhole, type Shape } from '../channel-kit/fields.ts'

/** Meta's error object, as far as decisions need it. `type` is left out: it says nothing reliable. */
export type GraphError = Readonly<{
  code: number | null
  subcode: number | null
  message: string
  isTransient: boolean
  traceId: string | null
}>

type ErrorBody = Shape<'error' | 'error_message' | 'error_type'>
type ErrorFields = Shape<'code' | 'error_subcode' | 'message' | 'is_transient' | 'fbtrace_id'>

/** Null where the body holds no error. */
export function readGraphError(body: unknown): GraphError | null {
  const outer = asShape<ErrorBody>(body)
  const error = asShape<ErrorFields>(outer?.error)
  if (error !== null) {
    return {
      code: readWhole(error.code),
      // Zero is what some answers say for "none".
      subcode: readWhole(error.error_subcode) || null,
      message: readText(error.message) ?? '',
      isTransient: readFlag(error.is_transient),
      traceId: readText(error.fbtrace_id),
    }
  }
  const message = readText(outer?.error_message) ?? readText(outer?.error_type) ?? readText(outer?.error)
  return message === null ? null : { code: null, subcode: null, message, isTransient: false, traceId: null }
}

/** `10/2534022`, as Meta's documentation and support write it. */
export const platformCodeOf = ({ code, subcode }: GraphError): string | null =>
  code === null ? null : subcode === null ? `${code}` : `${code}/${subcode}`
