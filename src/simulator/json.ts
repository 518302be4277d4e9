/**
 * JSON values as the API server handles them, and the few ways of reading and copying them. What is in the store is
 * shared by all readers: only a copy, or an object fresh from a request, may be changed.
 */

export type Json = null | boolean | number | string | Json[] | JsonObject
export interface JsonObject {
  [key: string]: Json | undefined
}

export const isObject = (value: Json | undefined): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** The object under a key, or an empty one that is not attached. */
export const mapAt = (value: Json | undefined, ...path: readonly string[]): JsonObject => {
  const found = at(value, ...path)
  return isObject(found) ? found : {}
}

export const listAt = (value: Json | undefined, ...path: readonly string[]): Json[] => {
  const found = at(value, ...path)
  return Array.isArray(found) ? found : []
}

/** The text under a path; empty where there is none. */
export const textAt = (value: Json | undefined, ...path: readonly string[]): string => {
  const found = at(value, ...path)
  return typeof found === 'string' ? found : ''
}

/** The number under a path; null where there is none. */
export const numberAt = (value: Json | undefined, ...path: readonly string[]): number | null => {
  const found = at(value, ...path)
  return typeof found === 'number' ? found : null
}

export const at = (value: Json | undefined, ...path: readonly string[]): Json | undefined => {
  let current = value
  for (const key of path) {
    if (!isObject(current) || !Object.hasOwn(current, key)) return undefined
    current = current[key]
  }
  return current
}

/** The object under a key, made and attached where it is missing. */
export const ensureMap = (owner: JsonObject, key: string): JsonObject => {
  const found = owner[key]
  if (isObject(found)) return found
  const made: JsonObject = {}
  owner[key] = made
  return made
}

/** Sets a key that must not exist yet, or is null. */
export const setDefault = (owner: JsonObject, key: string, value: Json): void => {
  if (owner[key] === undefined || owner[key] === null) owner[key] = value
}

export const clone = <T extends Json | undefined>(value: T): T => copy(value) as T

const copy = (value: Json | undefined): Json | undefined => {
  if (Array.isArray(value)) return value.map(item => copy(item) ?? null)
  if (!isObject(value)) return value
  const made: JsonObject = {}
  for (const key of Object.keys(value)) put(made, key, copy(value[key]))
  return made
}

/** Assigns a key from the outside; "__proto__" becomes a plain key like any other. */
export const put = (owner: JsonObject, key: string, value: Json | undefined): void => {
  if (key !== '__proto__') owner[key] = value
  else
    Object.defineProperty(owner, key, {
      value,
      enumerable: true,
      configurable: true,
      writable: true,
    })
}

/** Deep equality; a key that is undefined counts as absent. */
export const equal = (a: Json | undefined, b: Json | undefined): boolean => {
  if (a === b) return true
  if (Array.isArray(a))
    return (
      Array.isArray(b) && a.length === b.length && a.every((item, index) => equal(item, b[index]))
    )
  if (!isObject(a) || !isObject(b)) return false
  for (const key of Object.keys(a)) if (!equal(a[key], b[key])) return false
  for (const key of Object.keys(b)) if (b[key] !== undefined && a[key] === undefined) return false
  return true
}
