export interface IdSource {
  /** A UUIDv7, ascending within this process. */
  next(): string
  /** A UUID that the same two always give; sorted beside the first, which is a UUID. */
  derive(id: string, name: string): string
}
