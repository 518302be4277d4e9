/** What is said when the kernel does not take a transaction: which entries it refused, why, and what that means. */
import { BatchError, NetlinkError } from '../../src/netlink/errors.ts'
import type { Transaction } from './transactions.ts'

/** `refused` is empty where no entry is at fault: the whole transaction failed, or its fate is not known. */
export class NftablesError extends Error {
  /** The errno's name, or UNKNOWN: an answer was lost, and the kernel has to be read again. */
  readonly code: string
  /** Keys of entries that the kernel would not take. */
  readonly refused: readonly string[]

  constructor(code: string, message: string, refused: readonly string[], cause: unknown) {
    super(message, { cause })
    this.name = 'NftablesError'
    this.code = code
    this.refused = refused
  }
}

/** Where several entries share a refused message, none of them is known to be the one. */
export const isAmbiguous = (error: unknown, { parcels }: Transaction): boolean =>
  refusals(error).some(({ index }) => (parcels[index ?? -1]?.entries.length ?? 0) > 1)

/** Errors that are about the entry, and would come again with it. All others are about the moment or about us. */
const AT_FAULT: ReadonlySet<string> = new Set([
  'EINVAL',
  'EEXIST',
  'ENOENT',
  'ENOTEMPTY',
  'ERANGE',
  'E2BIG',
  'ENFILE',
  'EOPNOTSUPP',
  'ENAMETOOLONG',
])

/**
 * `isGuess`: the tables were not read just before. That an element is there already or is gone then says that somebody
 * else was here, and nothing against the entry. A range is blamed all the same, as two that overlap are never taken.
 */
export const toNftablesError = (
  error: unknown,
  { parcels }: Transaction,
  isGuess = false,
): NftablesError => {
  const errors = refusals(error)
  const unknown = error instanceof BatchError && error.outcome === 'unknown'
  const [first] = errors
  const code = unknown ? 'UNKNOWN' : (first?.code ?? 'UNKNOWN')
  const refused = unknown
    ? []
    : errors
        .filter(({ code }) => AT_FAULT.has(code))
        .flatMap(({ code, index }) =>
          (parcels[index ?? -1]?.entries ?? []).filter(
            ({ kind }) => !isGuess || !OTHERS_DO.has(code) || kind === 'source',
          ),
        )
        .map(({ key }) => key)
  const advice =
    isGuess && refused.length === 0 && OTHERS_DO.has(code)
      ? 'somebody else changed our table meanwhile; what is there has to be read'
      : adviceOf(code, refused, error)
  return new NftablesError(code, `${code}: ${advice}`, refused, error)
}

/** Errors that come as well where somebody else added or took away what a change is about. */
const OTHERS_DO: ReadonlySet<string> = new Set(['EEXIST', 'ENOENT'])

const refusals = (error: unknown): readonly NetlinkError[] =>
  error instanceof BatchError ? error.errors : error instanceof NetlinkError ? [error] : []

const adviceOf = (code: string, refused: readonly string[], error: unknown): string => {
  switch (code) {
    case 'UNKNOWN':
      return 'the kernel took a transaction and its answer was lost; what is there has to be read'
    case 'EPERM':
      return 'the kernel lets nobody change nf_tables without CAP_NET_ADMIN, nor a table that another process owns'
    case 'EBUSY':
      return 'something of another table or process points at what should be removed'
    case 'ERESTART':
      return 'somebody else changed the ruleset at the same time'
    case 'EMSGSIZE':
      return 'one service port needs more than net.core.wmem_max allows in a transaction'
  }
  const [first] = refused
  if (first === undefined) return error instanceof Error ? error.message : String(error)
  const more = refused.length > 1 ? ` and ${refused.length - 1} more` : ''
  return `the kernel would not take ${first}${more}; the transaction changed nothing`
}
