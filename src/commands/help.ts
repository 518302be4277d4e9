/**
 * Help screens, made from the declared commands. Each fits one screen of 80 columns.
 */
import { wrap } from '../terminal/wrap.ts'
import type { Command } from './command.ts'
import { flagOf, type Option, type OptionName, optionOf } from './options.ts'

const WIDTH = 80

/** `kpc --help` */
export const overview = (version: string, commands: readonly Command[]): string => {
  const groups = [...new Set(commands.map(({ group }) => group))]
  const nameWidth = Math.max(...commands.map(({ name }) => name.length))
  return screen([
    `kpc ${version}, the kube-proxy compiler: Services in, a node's dataplane out`,
    '',
    'Usage: kpc COMMAND [FLAGS]',
    ...groups.flatMap(group => [
      '',
      group,
      ...commands
        .filter(each => each.group === group)
        .map(({ name, summary }) => `  ${name.padEnd(nameWidth)}  ${summary}`),
    ]),
    '',
    'Flags of a command, with its exit codes: kpc COMMAND --help',
    'Exit codes: 0 done or equal, 1 differs, 2 failed, 64 wrong usage',
    '',
    'Examples',
    '  kpc run --demo --for 10s',
    '  kpc render --demo --proxy-mode iptables',
    '  kpc run --demo --once --output json',
  ])
}

/** `kpc COMMAND --help` */
export const commandHelp = (command: Command): string => {
  const { name, summary, details = [], positional, options, exits, examples } = command
  const words = positional === undefined ? '' : ` ${positional.choices.join('|')}`
  return screen([
    `kpc ${name}: ${summary}`,
    ...(details.length === 0 ? [] : ['', ...details]),
    '',
    `Usage: kpc ${name}${words} [FLAGS]`,
    '',
    'Flags',
    ...options.flatMap(optionLines),
    '',
    'Exit codes',
    ...exits.map(([code, meaning]) => `  ${String(code).padEnd(2)}  ${meaning}`),
    '  64  wrong usage',
    '',
    'Examples',
    ...examples.map(example => `  ${example}`),
  ])
}

const screen = (lines: readonly string[]): string => lines.map(line => `${line}\n`).join('')

const FLAG_WIDTH = 28

const optionLines = (name: OptionName): readonly string[] => {
  const option = optionOf(name)
  const short = option.short === undefined ? '    ' : `-${option.short}, `
  const flag = `  ${short}${flagOf(name)}${valueShown(option)}`
  const help = wrap(helpOf(option), WIDTH - FLAG_WIDTH - 2)
  const fits = flag.length <= FLAG_WIDTH
  const [first = '', ...rest] = help
  const margin = ' '.repeat(FLAG_WIDTH + 2)
  return [
    ...(fits ? [`${flag.padEnd(FLAG_WIDTH)}  ${first}`] : [flag, margin + first]),
    ...rest.map(line => margin + line),
  ]
}

const valueShown = (option: Option): string => {
  switch (option.kind) {
    case 'flag':
      return ''
    case 'level':
      return ' [N]'
    case 'text':
    case 'list':
    case 'duration':
      return ` ${option.value}`
    case 'choice':
      return ` ${option.choices.join('|')}`
  }
}

const helpOf = (option: Option): string => option.help
