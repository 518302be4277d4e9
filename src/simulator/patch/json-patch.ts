/** JSON Patch (RFC 6902) on a value that the caller owns. */
import { clone, equal, isObject, type Json, put, textAt } from '../json.ts'

/** A patch that cannot be read (`malformed`) or does not fit the object. */
export class PatchError extends Error {
  readonly malformed: boolean
  constructor(message: string, malformed: boolean) {
    super(message)
    this.name = 'PatchError'
    this.malformed = malformed
  }
}

/** As kube-apiserver limits the operations of one patch. */
const MAX_OPERATIONS = 10_000

/** Applies a patch to a copy of the document. Throws PatchError. */
export const applyJsonPatch = (document: Json, patch: Json): Json => {
  if (!Array.isArray(patch)) throw new PatchError('a JSON patch must be a list of operations', true)
  if (patch.length > MAX_OPERATIONS)
    throw new PatchError(
      `The allowed maximum operations in a JSON patch is ${MAX_OPERATIONS}, got ${patch.length}`,
      true,
    )
  const root = { document: clone(document) }
  for (const operation of patch) step(root, operation)
  return root.document
}

interface Root {
  document: Json
}

const step = (root: Root, operation: Json): void => {
  if (!isObject(operation))
    throw new PatchError('an operation of a JSON patch must be an object', true)
  const op = textAt(operation, 'op')
  const path = pointer(operation['path'])
  const value = operation['value']
  if (op === 'remove') remove(root, path)
  else if (op === 'copy') add(root, path, clone(read(root.document, pointer(operation['from']))))
  else if (op === 'move') move(root, pointer(operation['from']), path)
  else if (op !== 'add' && op !== 'replace' && op !== 'test')
    throw new PatchError(
      `unexpected operation kind: ${JSON.stringify(operation['op'] ?? null)}`,
      true,
    )
  else if (value === undefined) throw new PatchError(`${op} operation must have a value`, true)
  else if (op === 'test') test(root.document, path, value)
  else if (op === 'add') add(root, path, clone(value))
  else replace(root, path, clone(value))
}

const move = (root: Root, from: readonly string[], path: readonly string[]): void => {
  if (path.length > from.length && from.every((key, index) => key === path[index]))
    throw new PatchError('move operation cannot move a value into itself', false)
  add(root, path, remove(root, from))
}

const pointer = (text: Json | undefined): readonly string[] => {
  if (typeof text !== 'string' || (text !== '' && !text.startsWith('/')))
    throw new PatchError(`${JSON.stringify(text ?? null)} is not a JSON pointer`, true)
  return text
    .split('/')
    .slice(1)
    .map(key => key.replaceAll('~1', '/').replaceAll('~0', '~'))
}

const missing = (path: readonly string[]): PatchError =>
  new PatchError(`path /${path.join('/')} does not exist`, false)

const read = (document: Json, path: readonly string[]): Json => {
  let current: Json | undefined = document
  for (const key of path) {
    if (Array.isArray(current)) current = current[indexOf(key, current.length - 1, path)]
    else if (isObject(current) && Object.hasOwn(current, key)) current = current[key]
    else throw missing(path)
    if (current === undefined) throw missing(path)
  }
  return current ?? null
}

const indexOf = (key: string, max: number, path: readonly string[]): number => {
  const index = /^(?:0|[1-9]\d*)$/.test(key) ? Number(key) : -1
  if (index < 0 || index > max) throw missing(path)
  return index
}

const add = (root: Root, path: readonly string[], value: Json): void => {
  const key = path.at(-1)
  if (key === undefined) {
    root.document = value
    return
  }
  const owner = read(root.document, path.slice(0, -1))
  if (Array.isArray(owner)) {
    const index = key === '-' ? owner.length : indexOf(key, owner.length, path)
    owner.splice(index, 0, value)
  } else if (isObject(owner)) put(owner, key, value)
  else throw missing(path)
}

const replace = (root: Root, path: readonly string[], value: Json): void => {
  const key = path.at(-1)
  read(root.document, path)
  if (key === undefined) {
    root.document = value
    return
  }
  const owner = read(root.document, path.slice(0, -1))
  if (Array.isArray(owner)) owner[indexOf(key, owner.length - 1, path)] = value
  else if (isObject(owner)) put(owner, key, value)
}

const remove = (root: Root, path: readonly string[]): Json => {
  const key = path.at(-1)
  const value = read(root.document, path)
  if (key === undefined) throw new PatchError('the whole document cannot be removed', false)
  const owner = read(root.document, path.slice(0, -1))
  if (Array.isArray(owner)) owner.splice(indexOf(key, owner.length - 1, path), 1)
  else if (isObject(owner)) delete owner[key]
  return value
}

const test = (document: Json, path: readonly string[], value: Json): void => {
  if (!equal(read(document, path), value))
    throw new PatchError(`testing path /${path.join('/')} value failed`, false)
}
