/**
 * A command's part of the command line in, its values out. What does not fit is a UsageError that names the nearest
 * thing that would. `parseArgs` of node:util splits the line; what is right is decided here.
 */
import { parseArgs } from 'node:util'
import { parseDuration } from '../config/duration.ts'
import type { Positional } from './command.ts'
import { flagOf, type Option, type OptionName, optionOf, type Values } from './options.ts'
import { nearest, UsageError } from './usage.ts'

interface Grammar<N extends OptionName> {
  readonly name: string
  readonly options: readonly N[]
  readonly positional?: Positional
}

interface Parsed<N extends OptionName> {
  readonly values: Values<N>
  readonly words: readonly string[]
}

type Value = boolean | number | string | readonly string[] | undefined

/** Throws UsageError. */
export const parse = <N extends OptionName>(
  grammar: Grammar<N>,
  argv: readonly string[],
): Parsed<N> => {
  const byFlag = new Map(grammar.options.map(name => [flagOf(name), name]))
  const values = new Map<OptionName, Value>(
    grammar.options.map(name => [name, emptyOf(optionOf(name))]),
  )
  const words: string[] = []
  for (const token of tokensOf(grammar.options, argv)) {
    if (token.kind === 'positional') words.push(token.value)
    if (token.kind !== 'option') continue
    const name = byFlag.get(`--${token.name}`)
    if (name === undefined) throw unknownFlag(grammar, token.rawName)
    values.set(name, readValue(grammar.name, name, token, values.get(name)))
  }
  checkWords(grammar, words)
  // Each name of N has a value of its option's kind: emptyOf and readValue see to it.
  return { values: Object.fromEntries(values) as Values<N>, words }
}

interface OptionToken {
  readonly kind: 'option'
  readonly name: string
  readonly rawName: string
  readonly value: string | undefined
  readonly inlineValue: boolean | undefined
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
    args: withLevels(argv),
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

const emptyOf = (option: Option): Value => {
  switch (option.kind) {
    case 'flag':
      return false
    case 'level':
      return 0
    case 'list':
      return []
    case 'text':
    case 'choice':
    case 'duration':
      return undefined
  }
}

const readValue = (command: string, name: OptionName, token: OptionToken, before: Value): Value => {
  const option = optionOf(name)
  const fail = (fault: string, advice: string): UsageError =>
    new UsageError(`${token.rawName} ${fault}`, advice)
  if (option.kind === 'flag') {
    if (token.value === undefined) return true
    throw fail(
      `takes no value, but was given ${quoted(token.value)}`,
      `kpc ${command} ${token.rawName}`,
    )
  }
  const { value } = token
  const isNextFlag = token.inlineValue !== true && value !== undefined && /^-./.test(value)
  if (value === undefined || value === '' || isNextFlag)
    throw fail('needs a value', `kpc ${command} ${token.rawName} ${exampleOf(option)}`)
  switch (option.kind) {
    case 'level':
      return Number(value)
    case 'text':
      return value
    case 'list':
      return [...(Array.isArray(before) ? before : []), value]
    case 'choice':
      return chosen(command, token.rawName, option.choices, value)
    case 'duration':
      return milliseconds(command, token.rawName, value)
  }
}

const chosen = (
  command: string,
  flag: string,
  choices: readonly string[],
  value: string,
): string => {
  if (choices.includes(value)) return value
  const meant = nearest(value.toLowerCase(), choices) ?? choices[0] ?? ''
  throw new UsageError(
    `${flag} is one of ${choices.join(', ')}, not ${quoted(value)}`,
    `kpc ${command} ${flag} ${meant}`,
  )
}

const milliseconds = (command: string, flag: string, value: string): number => {
  const ms = parseDuration(value)
  if (ms !== null && ms > 0) return ms
  throw new UsageError(
    `${flag} is a time such as 10s or 1m30s, not ${quoted(value)}`,
    `kpc ${command} ${flag} ${/^\d+$/.test(value) && value !== '0' ? `${value}s` : '10s'}`,
  )
}

const exampleOf = (option: Option): string => {
  if (option.kind === 'choice') return option.choices[0] ?? ''
  return option.kind === 'flag' || option.kind === 'level' ? '' : option.value
}

const unknownFlag = ({ name, options }: Grammar<OptionName>, flag: string): UsageError => {
  const known = options.map(flagOf)
  const meant = flag.startsWith('--') ? nearest(flag, known) : undefined
  return new UsageError(
    `kpc ${name} has no flag ${flag}`,
    meant === undefined ? `kpc ${name} --help` : `kpc ${name} ${meant}`,
  )
}

const checkWords = ({ name, positional }: Grammar<OptionName>, words: readonly string[]): void => {
  const [word, extra] = words
  if (positional === undefined) {
    if (word === undefined) return
    throw new UsageError(
      `kpc ${name} takes flags only, but was given ${quoted(word)}`,
      /\.(ya?ml|json)$/.test(word) ? `kpc ${name} -f ${word}` : `kpc ${name} --help`,
    )
  }
  const { value, choices } = positional
  if (word === undefined)
    throw new UsageError(`kpc ${name} needs a ${value}`, `kpc ${name} ${choices.join('|')}`)
  if (!choices.includes(word) || extra !== undefined)
    throw new UsageError(
      `kpc ${name} takes one of ${choices.join(', ')}, not ${quoted(words.join(' '))}`,
      `kpc ${name} ${nearest(word, choices) ?? choices[0] ?? ''}`,
    )
}

const quoted = (text: string): string => JSON.stringify(text)
