export type Letter = Readonly<{ to: string; subject: string; text: string }>

/** Letters of this program to people; never to customers. */
export interface Mailer {
  /** False where the operator has set no server for it: then nothing is sent, and nobody is promised a letter. */
  readonly isThere: boolean
  /** Resolves once a server has taken it; rejects where none did, after a few tries. */
  send(letter: Letter): Promise<void>
}
