/** JSON Merge Patch (RFC 7386): null removes, objects merge, everything else replaces. */
import { clone, isObject, type Json, type JsonObject, put } from '../json.ts'

export const applyMergePatch = (document: Json, patch: Json): Json => {
  if (!isObject(patch)) return clone(patch)
  const merged: JsonObject = isObject(document) ? { ...document } : {}
  for (const [key, value] of Object.entries(patch)) {
    if (value === null || value === undefined) delete merged[key]
    else put(merged, key, applyMergePatch(merged[key] ?? null, value))
  }
  return merged
}
