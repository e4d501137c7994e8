import type { Contract } from './contract.ts'

const servers = (publicUrl: string) => [{ url: publicUrl, description: 'This server.' }]

/** The contract with the address of this server in it, so that tools send their requests here. */
export const servedDocument = (contract: Contract, publicUrl: string) => ({
  ...contract.document,
  servers: servers(publicUrl),
})

/** The same as it was written, with its comments and order. */
export async function servedYaml(contract: Contract, publicUrl: string): Promise<string> {
  // Much to load, and few ask for it.
  const { parseDocument } = await import('yaml')
  const document = parseDocument(contract.source)
  document.set('servers', document.createNode(servers(publicUrl)))
  return document.toString({ lineWidth: 120 })
}
