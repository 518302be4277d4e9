/** Source ranges for a set of intervals: the kernel refuses elements that overlap, and of two CIDRs one holds the other or they are apart. */
import { cidrContains } from '../../src/addresses.ts'

/** The ranges less those that lie within another; each once, in order. All canonical, of one family. */
export const withoutNested = (ranges: readonly string[]): readonly string[] => {
  const distinct = [...new Set(ranges)]
  return distinct.filter(inner => !distinct.some(outer => outer !== inner && holds(outer, inner)))
}

const holds = (outer: string, inner: string): boolean => {
  const [address = '', length = ''] = inner.split('/')
  const [, outerLength = ''] = outer.split('/')
  return Number(outerLength) < Number(length) && cidrContains(outer, address)
}
