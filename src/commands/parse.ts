/**
 * A command's part of the command line in, its values out. What does not fit is a UsageError that names the nearest
 * thing that would. `parseArgs` of node:util splits the line; what is right is decided here.
 */
import { parseArgs } from 'node:util'
import type { Positional } from './command.ts'
import { flagOf, type OptionName, optionOf, type Values } from './options.ts'
import { emptyOf, readValue, type Value } from './read-value.ts'
import { corrected, nearest, UsageError } from './usage.ts'

interface Grammar<N extends OptionName> {
  readonly name: string
  readonly options: readonly N[]
  readonly positional?: Positional
}

interface Parsed<N extends OptionName> {
  readonly values: Values<N>
  readonly words: readonly string[]
}

/** Throws UsageError. */
export const parse = <N extends OptionName>(
  grammar: Grammar<N>,
  argv: readonly string[],
): Parsed<N> => {
  const byFlag = new Map(grammar.options.map(name => [flagOf(name), name]))
  const values = new Map<OptionName, Value>(
    grammar.options.map(name => [name, emptyOf(optionOf(name))]),
  )
  const line = [grammar.name, ...argv]
  const words: string[] = []
  for (const token of tokensOf(grammar.options, argv)) {
    if (token.kind === 'positional') words.push(token.value)
    if (token.kind !== 'option') continue
    const name = byFlag.get(`--${token.name}`)
    if (name === undefined) throw unknownFlag(grammar, line, token.rawName)
    values.set(name, readValue({ name, token, line, before: values.get(name) }))
  }
  checkWords(grammar, words)
  // Each name of N has a value of its option's kind: emptyOf and readValue see to it.
  return { values: Object.fromEntries(values) as Values<N>, words }
}

const tokensOf = (
  names: readonly OptionName[],
  argv: readonly string[],
): NonNullable<ReturnType<typeof parseArgs>['tokens']> => {
  const options = Object.fromEntries(
    names.map(name => {
      const { kind, short } = optionOf(name)
      const type = kind === 'flag' ? ('boolean' as const) : ('string' as const)
      return [flagOf(name).slice(2), short === undefined ? { type } : { type, short }]
    }),
  )
  const { tokens } = parseArgs({
    args: names.includes('verbose') ? withLevels(argv) : [...argv],
    options,
    strict: false,
    allowPositionals: true,
    tokens: true,
  })
  return tokens
}

/** `-v`, `-v 2`, `-v2`, `-v=2` and `--v=2` (as klog has it) all become `--verbose=N`. */
const withLevels = (argv: readonly string[]): string[] => {
  const args: string[] = []
  for (let at = 0; at < argv.length; at++) {
    const word = argv[at] ?? ''
    if (word === '--') return [...args, ...argv.slice(at)]
    const [, digits] = /^(?:-v=?|--v=|--verbose=)(\d+)$/.exec(word) ?? []
    const next = argv[at + 1] ?? ''
    if (digits !== undefined) args.push(`--verbose=${digits}`)
    else if (/^-v+$|^--verbose$/.test(word)) {
      const repeated = word === '--verbose' ? 1 : word.length - 1
      const counted = /^\d+$/.test(next)
      args.push(`--verbose=${counted ? next : repeated}`)
      if (counted) at++
    } else args.push(word)
  }
  return args
}

const unknownFlag = (
  { name, options }: Grammar<OptionName>,
  line: readonly string[],
  flag: string,
): UsageError => {
  const meant = flag.startsWith('--') ? nearest(flag, options.map(flagOf)) : undefined
  return new UsageError(
    `kpc ${name} has no flag ${flag}`,
    meant === undefined ? `kpc ${name} --help` : corrected(line, flag, meant),
  )
}

const checkWords = ({ name, positional }: Grammar<OptionName>, words: readonly string[]): void => {
  const [word, extra] = words
  if (positional === undefined) {
    if (word === undefined) return
    throw new UsageError(
      `kpc ${name} takes flags only, but was given ${JSON.stringify(word)}`,
      /\.(ya?ml|json)$/.test(word) ? `kpc ${name} -f ${word}` : `kpc ${name} --help`,
    )
  }
  const { value, choices } = positional
  if (word === undefined)
    throw new UsageError(`kpc ${name} needs a ${value}`, `kpc ${name} ${choices.join('|')}`)
  if (!choices.includes(word) || extra !== undefined)
    throw new UsageError(
      `kpc ${name} takes one of ${choices.join(', ')}, not ${JSON.stringify(words.join(' '))}`,
      `kpc ${name} ${nearest(word, choices) ?? choices[0] ?? ''}`,
    )
}
