import type { InstagramSimulator, SimulatedCustomer, Webhook } from '../instagram-simulator/index.ts'

export const SHOP = { username: 'acme.outdoor', name: 'Acme Outdoor' }
export const AGENT = { orgName: 'Acme Outdoor', name: 'Alex Agent', email: 'demo@acme-outdoor.example' }

export type Act = Readonly<{
  username: string
  name: string
  /** For people. */
  what: string
  said: string
  /** What the API has to call it. */
  kind: string
  act(simulator: InstagramSimulator, who: SimulatedCustomer): Promise<Webhook>
}>

const act = (
  [username, name]: readonly [string, string],
  [what, kind]: readonly [string, string],
  said: string,
  does: (simulator: InstagramSimulator, who: SimulatedCustomer, said: string) => Promise<Webhook>,
): Act => ({ username, name, what, kind, said, act: (simulator, who) => does(simulator, who, said) })

/** Five people, five ways to write to a shop. The first one gets an answer. */
export const STORY: readonly [Act, ...Act[]] = [
  act(
    ['mia.torres', 'Mia Torres'],
    ['direct message', 'TEXT'],
    'Hi! Is the blue tent back in stock? ⛺',
    (simulator, mia, said) => simulator.dm(mia, said),
  ),
  act(
    ['jonas.weber', 'Jonas Weber'],
    ['story reply', 'STORY_REPLY'],
    'Where was this photo taken?',
    (simulator, jonas, said) => simulator.storyReply(jonas, said),
  ),
  act(
    ['amelie.l', 'Amélie Laurent'],
    ['comment', 'COMMENT'],
    'Combien pour la livraison à Genève ? 🇨🇭',
    (simulator, amelie, said) => simulator.comment(amelie, said),
  ),
  act(['omar.haddad', 'Omar Haddad'], ['image', 'MEDIA'], '[a photo]', (simulator, omar) => simulator.image(omar)),
  act(['yuki.tanaka', 'Yuki Tanaka'], ['postback', 'POSTBACK'], 'Talk to a person', (simulator, yuki, said) =>
    simulator.postback(yuki, said, { payload: 'HUMAN' }),
  ),
]

export const ANSWER = 'Hello Mia! Yes, since this morning 🎉 Shall I put one aside for you?'
