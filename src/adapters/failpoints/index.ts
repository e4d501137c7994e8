export { jobsWithFailpoints, portsWithFailpoints, sourceWithFailpoints } from './around-ports.ts'
export { createFailpoint } from './failpoint.ts'
