/** Numbers committed events per organization. Runs anywhere, leads in one place. */
export interface EventRelay {
  start(): Promise<void>
  stop(): Promise<void>
}
