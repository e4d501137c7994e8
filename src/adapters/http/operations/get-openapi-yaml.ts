import { forEverybody } from '../operation.ts'
import { servedYaml } from '../served-contract.ts'

export const getOpenapiYaml = forEverybody(({ config, contract }) => {
  // Writing it anew takes longer than a start should wait for.
  let body: string | undefined
  return () => {
    body ??= servedYaml(contract, config.publicUrl)
    return { status: 200, type: 'application/yaml', body }
  }
})
