const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i

/** Anything else would be an error of the statement, and is simply not found. */
export const isUuid = (id: string): boolean => UUID.test(id)
