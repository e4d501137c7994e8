/** What was opened is closed in reverse order, whatever happened. */
export class Shutdown {
  private readonly closers: (() => Promise<unknown>)[] = []

  async owns<T>(opening: Promise<T>, close: (opened: T) => Promise<unknown>): Promise<T> {
    const opened = await opening
    this.closers.push(() => close(opened))
    return opened
  }

  async close(): Promise<void> {
    for (const close of this.closers.splice(0).reverse()) {
      await close().catch((error: unknown) => console.error(`Could not be closed: ${String(error)}`))
    }
  }
}
