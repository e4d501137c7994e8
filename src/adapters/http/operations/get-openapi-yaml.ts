import { forEverybody } from '../operation.ts'
import { servedYaml } from '../served-contract.ts'

export const getOpenapiYaml = forEverybody(({ config, contract }) => {
  // Writing it anew takes longer than a start should wait for.
  let body: Promise<string> | undefined
  return async () => {
    body ??= servedYaml(contract, config.publicUrl)
    return { status: 200, type: 'application/yaml', body: await body }
  }
})
