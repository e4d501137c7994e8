import { forEverybody, json } from '../operation.ts'
import { servedDocument } from '../served-contract.ts'

export const getOpenapiJson = forEverybody(({ config, contract }) => {
  const body = servedDocument(contract, config.publicUrl)
  return () => json(200, body)
})
