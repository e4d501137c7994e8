export interface IdSource {
  /** A UUIDv7, ascending within this process. */
  next(): string
}
