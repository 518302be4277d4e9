/**
 * What the API's types say about themselves: descriptions and required fields, read from the declarations that the
 * client library ships beside its type maps. Only the OpenAPI documents need them, so they are read when first asked.
 */
import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'

export interface Described {
  readonly description: string
  readonly fields: ReadonlyMap<string, { readonly description: string; readonly required: boolean }>
}

const ENTRY = fileURLToPath(import.meta.resolve('@kubernetes/client-node'))
const known = new Map<string, Promise<Described>>()

/** Of a class of the client library. Empty descriptions where the declarations have none. */
export const describe = (model: string): Promise<Described> => {
  const found = known.get(model) ?? read(model)
  known.set(model, found)
  return found
}

const CLASS = /\/\*\*\s*\n((?:\s*\*.*\n)*?)\s*\*\/\s*\nexport declare class /
const FIELD = /(?:\/\*\*\s*\n\s*\* (.*)\n\s*\*\/\s*\n)?\s*'([^']+)'(\?)?: /g

const read = async (model: string): Promise<Described> => {
  const path = ENTRY.replace(/index\.js$/, `gen/models/${model}.d.ts`)
  const text = await readFile(path, 'utf8')
  const fields = new Map<string, { description: string; required: boolean }>()
  const body = text.slice(text.indexOf('export declare class'))
  for (const [, description = '', name = '', optional] of body.matchAll(FIELD))
    fields.set(name, { description: unquoted(description), required: optional === undefined })
  const comment = CLASS.exec(text)?.[1] ?? ''
  return { description: unquoted(comment.replaceAll(/^\s*\* ?/gm, '').trim()), fields }
}

const unquoted = (text: string): string => text.replaceAll(/\\(['"])/g, '$1')
