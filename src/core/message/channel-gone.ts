import { DomainError } from '../errors.ts'

/** Events came for a channel that is disconnected by now: nothing is made of them. */
export class ChannelGone extends DomainError {
  constructor() {
    super('channel-disconnected', 'The channel is disconnected.')
    this.name = 'ChannelGone'
  }
}
