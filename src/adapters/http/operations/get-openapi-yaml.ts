import { forEverybody } from '../operation.ts'
import { servedYaml } from '../served-contract.ts'

export const getOpenapiYaml = forEverybody(({ config, contract }) => {
  const body = servedYaml(contract, config.publicUrl)
  return () => ({ status: 200, type: 'application/yaml', body })
})
