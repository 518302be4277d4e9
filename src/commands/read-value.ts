/** The value of one flag: text from the command line in, a value of the option's kind out, or a UsageError. */
import { parseDuration } from '../config/duration.ts'
import { type Option, type OptionName, optionOf } from './options.ts'
import { corrected, nearest, UsageError } from './usage.ts'

export type Value = boolean | number | string | readonly string[] | undefined

/** The value of an option that was not given. */
export const emptyOf = (option: Option): Value => {
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

/** One flag as it was found on the command line. */
interface Given {
  readonly name: OptionName
  readonly token: {
    readonly rawName: string
    readonly value: string | undefined
    readonly inlineValue: boolean | undefined
  }
  /** The command and all that follows it, for advice. */
  readonly line: readonly string[]
  /** The value so far: lists grow. */
  readonly before: Value
}

/** Throws UsageError. */
export const readValue = ({ name, token, line, before }: Given): Value => {
  const option = optionOf(name)
  const { rawName: flag } = token
  // `-f=x` means `-f x`, as in kubectl.
  const value = flag.startsWith('--') ? token.value : token.value?.replace(/^=/, '')
  const [command = ''] = line
  if (option.kind === 'flag') {
    if (value === undefined) return true
    const fault = `${flag} takes no value, but was given ${JSON.stringify(value)}`
    throw new UsageError(fault, corrected(line, `${flag}=${value}`, flag))
  }
  const isNextFlag = token.inlineValue !== true && value !== undefined && /^-./.test(value)
  if (value === undefined || value === '' || isNextFlag)
    throw new UsageError(`${flag} needs a value`, `kpc ${command} ${flag} ${exampleOf(option)}`)
  switch (option.kind) {
    case 'level':
      return level(flag, value, line)
    case 'text':
      return value
    case 'list':
      return [...(Array.isArray(before) ? before : []), value]
    case 'choice':
      return chosen(flag, value, option.choices, line)
    case 'duration':
      return milliseconds(flag, value, line)
  }
}

const level = (flag: string, value: string, line: readonly string[]): number => {
  if (/^\d+$/.test(value)) return Number(value)
  const fault = `${flag} is a number such as 2, not ${JSON.stringify(value)}`
  throw new UsageError(fault, corrected(line, value, '2'))
}

const chosen = (
  flag: string,
  value: string,
  choices: readonly string[],
  line: readonly string[],
): string => {
  if (choices.includes(value)) return value
  const meant = nearest(value.toLowerCase(), choices) ?? choices[0] ?? ''
  throw new UsageError(
    `${flag} is one of ${choices.join(', ')}, not ${JSON.stringify(value)}`,
    corrected(line, value, meant),
  )
}

const milliseconds = (flag: string, value: string, line: readonly string[]): number => {
  const ms = parseDuration(value)
  if (ms !== null && ms > 0) return ms
  throw new UsageError(
    `${flag} is a time such as 10s or 1m30s, not ${JSON.stringify(value)}`,
    corrected(line, value, /^[1-9]\d*$/.test(value) ? `${value}s` : '10s'),
  )
}

const exampleOf = (option: Option): string => {
  if (option.kind === 'choice') return option.choices[0] ?? ''
  return option.kind === 'flag' || option.kind === 'level' ? '' : option.value
}
