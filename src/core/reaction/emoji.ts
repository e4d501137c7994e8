const ONE_EMOJI = /^\p{RGI_Emoji}$/v
const AS_PICTURE = '\ufe0f'

/** One emoji as it is recommended to be written, so with the sign that makes a picture of it; null for anything else. */
export const readEmoji = (text: string): string | null =>
  [text, `${text}${AS_PICTURE}`].find((candidate) => ONE_EMOJI.test(candidate)) ?? null

/** Platforms leave the sign out or not. */
export const isSameEmoji = (one: string | null, other: string | null): boolean =>
  one?.replaceAll(AS_PICTURE, '') === other?.replaceAll(AS_PICTURE, '')
