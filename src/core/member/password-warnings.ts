import type { CorePorts } from '../../ports/core-ports.ts'
import { DomainError } from '../errors.ts'

type Ports = Pick<CorePorts, 'isCommonPassword'> & Readonly<{ settings: Pick<CorePorts['settings'], 'production'> }>

/**
 * What there is to say of a password that somebody chose: a common one, or one that is their address, is refused where it matters
 * and named where somebody tries the product out. Throws DomainError `weak-password` in production.
 */
export function passwordWarnings(
  { isCommonPassword, settings }: Ports,
  password: string,
  email: string,
): readonly string[] {
  if (!isCommonPassword(password, [email])) return []
  if (settings.production) throw new DomainError('weak-password', 'This password is among the most common ones.')
  return ['weak-password']
}
