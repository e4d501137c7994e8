import { locateBinaries, readBinaries } from '../../../../../src/adapters/persistence/embedded/binaries.ts'
import type { Surroundings } from '../../../../../src/adapters/persistence/embedded/embedded-postgres.ts'

/** The installed binaries unless `packageDir` names others. Nothing may go to the real fallback folder. */
export const surroundings = ({ packageDir = '', fallbackRoot = '/nonexistent/fallback' } = {}): Surroundings => ({
  binaries: () => (packageDir === '' ? locateBinaries() : readBinaries(packageDir)),
  fallbackRoot,
})
