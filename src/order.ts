/**
 * The one place that sorts. Everything whose order a person or a tool can see is compared by UTF-16 code unit,
 * never by locale or by the order of a Map, so that equal models give equal bytes.
 */

/** Compares two strings by code unit: negative, zero or positive. */
export const byCodeUnit = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

/** A comparison of items by a text taken from each. */
export const by =
  <T>(key: (item: T) => string) =>
  (a: T, b: T): number =>
    byCodeUnit(key(a), key(b))
