import { DomainError } from '../errors.ts'

/** Nothing is sent for an account whose owner has taken it away from us, until it is granted again. */
export class ChannelWithdrawn extends DomainError {
  constructor() {
    super(
      'channel-withdrawn',
      'Whoever granted the account of this channel has taken that back. Connect it again first.',
    )
    this.name = 'ChannelWithdrawn'
  }
}
