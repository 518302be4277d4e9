/**
 * `kpc completion SHELL`: a script for the shell, made from the declared commands. The shell asks the script, never
 * kpc itself, so completing is as fast as the shell.
 */
import { type Command, command } from './command.ts'
import { flagOf, type Option, type OptionName, optionOf } from './options.ts'

type Shell = 'bash' | 'zsh' | 'fish'

/** What completion knows of a command. */
type Completed = Pick<Command, 'name' | 'summary' | 'options' | 'positional'>

const SHELLS: readonly Shell[] = ['bash', 'zsh', 'fish']

/** Writes the completion of these commands, and of itself. */
export const completionOf = (others: readonly Completed[]): Command => {
  const completion: Command = command({
    name: 'completion',
    group: 'About kpc',
    summary: 'Print the completion script of a shell',
    positional: { value: 'SHELL', choices: SHELLS },
    options: ['help'],
    exits: [[0, 'printed']],
    examples: [
      'source <(kpc completion bash)',
      'source <(kpc completion zsh)',
      'kpc completion fish > ~/.config/fish/completions/kpc.fish',
    ],
    run: async (_values, { stdout }, [shell]) => {
      const known = SHELLS.find(name => name === shell) ?? 'bash'
      stdout.write(scripts[known]([...others, completion]))
      return 0
    },
  })
  return completion
}

const lines = (...parts: readonly string[]): string => `${parts.join('\n')}\n`

const flagsOf = ({ options }: Completed): readonly string[] =>
  options.flatMap(name => {
    const { short } = optionOf(name)
    return short === undefined ? [flagOf(name)] : [`-${short}`, flagOf(name)]
  })

const patternOf = (name: OptionName): string => {
  const { short } = optionOf(name)
  return short === undefined ? flagOf(name) : `-${short}|${flagOf(name)}`
}

const isFile = (option: Option): boolean => 'file' in option && option.file === true

const takesValue = ({ kind }: Option): boolean => kind !== 'flag' && kind !== 'level'

const optionsOfAll = (commands: readonly Completed[]): readonly OptionName[] => [
  ...new Set(commands.flatMap(({ options }) => options)),
]

const bash = (commands: readonly Completed[]): string => {
  const values = optionsOfAll(commands).flatMap(name => {
    const option = optionOf(name)
    if (option.kind === 'choice')
      return [
        `    ${patternOf(name)}) COMPREPLY=($(compgen -W '${option.choices.join(' ')}' -- "$word")); return ;;`,
      ]
    if (isFile(option))
      return [`    ${patternOf(name)}) COMPREPLY=($(compgen -f -- "$word")); return ;;`]
    return takesValue(option) ? [`    ${patternOf(name)}) COMPREPLY=(); return ;;`] : []
  })
  return lines(
    '_kpc() {',
    `  local word="$2" before="$3" command="\${COMP_WORDS[1]}" words`,
    '  case "$before" in',
    ...values,
    '  esac',
    '  if [ "$COMP_CWORD" -eq 1 ]; then',
    `    words='${commands.map(({ name }) => name).join(' ')} --help'`,
    '  else case "$command" in',
    ...commands.map(
      each =>
        `    ${each.name}) words='${[...(each.positional?.choices ?? []), ...flagsOf(each)].join(' ')}' ;;`,
    ),
    '  esac; fi',
    '  COMPREPLY=($(compgen -W "$words" -- "$word"))',
    '}',
    'complete -o filenames -F _kpc kpc',
  )
}

const zshQuoted = (text: string): string => text.replace(/'/g, "'\\''").replace(/[[\]:]/g, '\\$&')

const zshOption = (name: OptionName): readonly string[] => {
  const option = optionOf(name)
  const action =
    option.kind === 'choice'
      ? `:value:(${option.choices.join(' ')})`
      : isFile(option)
        ? ':path:_files'
        : takesValue(option)
          ? ':value: '
          : ''
  const many = option.kind === 'list' || option.kind === 'level' ? '*' : ''
  const names = option.short === undefined ? [flagOf(name)] : [`-${option.short}`, flagOf(name)]
  return names.map(flag => `      '${many}${flag}[${zshQuoted(option.help)}]${action}'`)
}

const zsh = (commands: readonly Completed[]): string =>
  lines(
    '#compdef kpc',
    '_kpc() {',
    '  if (( CURRENT == 2 )); then',
    '    local -a commands=(',
    ...commands.map(({ name, summary }) => `      '${name}:${zshQuoted(summary)}'`),
    '    )',
    "    _describe 'command' commands",
    '    return',
    '  fi',
    '  local command=$words[2]',
    '  shift words; (( CURRENT-- ))',
    '  case $command in',
    ...commands.flatMap(({ name, options, positional }) => [
      `    ${name}) _arguments \\`,
      [
        ...options.flatMap(zshOption),
        ...(positional ? [`      '1:${positional.value}:(${positional.choices.join(' ')})'`] : []),
      ].join(' \\\n'),
      '      ;;',
    ]),
    '  esac',
    '}',
    'if [ "$funcstack[1]" = _kpc ]; then _kpc "$@"; else compdef _kpc kpc; fi',
  )

const fishQuoted = (text: string): string => `'${text.replace(/[\\']/g, '\\$&')}'`

const fish = (commands: readonly Completed[]): string => {
  const names = commands.map(({ name }) => name).join(' ')
  return lines(
    'complete -c kpc -f',
    ...commands.map(
      ({ name, summary }) =>
        `complete -c kpc -n 'not __fish_seen_subcommand_from ${names}' -a ${name} -d ${fishQuoted(summary)}`,
    ),
    ...commands.flatMap(({ name, options, positional }) => {
      const seen = `complete -c kpc -n '__fish_seen_subcommand_from ${name}'`
      return [
        ...options.map(each => `${seen} ${fishOption(each)}`),
        ...(positional ? [`${seen} -a ${fishQuoted(positional.choices.join(' '))}`] : []),
      ]
    }),
  )
}

const fishOption = (name: OptionName): string => {
  const option = optionOf(name)
  const short = option.short === undefined ? '' : `-s ${option.short} `
  const value =
    option.kind === 'choice'
      ? ` -x -a ${fishQuoted(option.choices.join(' '))}`
      : isFile(option)
        ? ' -r -F'
        : takesValue(option)
          ? ' -x'
          : ''
  return `${short}-l ${flagOf(name).slice(2)}${value} -d ${fishQuoted(option.help)}`
}

const scripts: Readonly<Record<Shell, (commands: readonly Completed[]) => string>> = {
  bash,
  zsh,
  fish,
}
