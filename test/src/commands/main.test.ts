/** The command line: help screens as golden text, wrong usage as two lines and 64. */
import { join } from 'node:path'
import t from 'tap'
import { kpc } from '../../support/kpc.ts'
import { matchFile } from '../../support/match-file.ts'

const SCREENS = join(import.meta.dirname, 'screens')

const HELP = {
  'help.txt': ['--help'],
  'help-render.txt': ['render', '--help'],
  'help-run.txt': ['help', 'run'],
  'help-simulate.txt': ['simulate', '--help'],
  'help-completion.txt': ['completion', '-h'],
  'help-version.txt': ['version', '--help'],
}

t.test('help screens', async t => {
  for (const [file, argv] of Object.entries(HELP)) {
    const { code, out, err } = await kpc(argv)
    t.equal(code, 0)
    t.equal(err, '')
    t.ok(
      out.split('\n').every(line => line.length <= 80),
      `${file} fits 80 columns`,
    )
    await matchFile(t, join(SCREENS, file), out)
  }
})

t.test('the first screen fits a terminal of 24 lines', async t => {
  const { out } = await kpc(['--help'])
  t.ok(out.split('\n').length <= 24 + 1)
})

t.test('every example of every help screen is a command line that is understood', async t => {
  for (const argv of Object.values(HELP)) {
    const { out } = await kpc(argv)
    const examples = [
      ...out.matchAll(/^ {2}.*?\b(kpc (?:run|render|completion|version).*?)(?:\)|$)/gm),
    ]
      .map(([, example = '']) => example.split(/[|>]/)[0]?.trim().split(/\s+/).slice(1) ?? [])
      .filter(words => !words.includes('Print') && !words.includes('Keep'))
    for (const words of examples) {
      const { code, err } = await kpc([...words, '--help'])
      t.equal(code, 0, `${words.join(' ')}: ${err}`)
    }
  }
})

const WRONG = {
  '': ['kpc needs a command', 'kpc --help'],
  'rendr --demo': ['there is no command "rendr"', 'kpc render --demo'],
  deploy: ['there is no command "deploy"', 'kpc --help'],
  'help deploy': ['there is no command "deploy"', 'kpc --help'],
  render: [
    'kpc render needs the objects to work from',
    'kpc render -f PATH, or kpc render --demo for the sample cluster',
  ],
  'render --proxy-mod iptables': [
    'kpc render has no flag --proxy-mod',
    'kpc render --proxy-mode iptables',
  ],
  'render -q': ['kpc render has no flag -q', 'kpc render --help'],
  'render -v x': ['kpc render has no flag -v', 'kpc render --help'],
  'render --demo -v2': ['kpc render has no flag -v', 'kpc render --help'],
  'render --demo --v=2': ['kpc render has no flag --v', 'kpc render --help'],
  'render --demo --verbose': ['kpc render has no flag --verbose', 'kpc render --help'],
  'render --once': ['kpc render has no flag --once', 'kpc render --help'],
  'render -f': ['-f needs a value', 'kpc render -f PATH'],
  'run --for --demo': ['--for needs a value', 'kpc run --for TIME'],
  'run --demo --for 10': [
    '--for is a time such as 10s or 1m30s, not "10"',
    'kpc run --demo --for 10s',
  ],
  'run --demo --for=-1s': [
    '--for is a time such as 10s or 1m30s, not "-1s"',
    'kpc run --demo --for=10s',
  ],
  'render --demo --proxy-mode iptable': [
    '--proxy-mode is one of nftables, iptables, not "iptable"',
    'kpc render --demo --proxy-mode iptables',
  ],
  'run --demo -o jsn': ['-o is one of text, json, yaml, not "jsn"', 'kpc run --demo -o json'],
  'run --demo=yes': ['--demo takes no value, but was given "yes"', 'kpc run --demo'],
  'run --demo -f x.yaml': [
    '--demo brings a cluster of its own, so there is no -f beside it',
    'kpc run --demo',
  ],
  'run -v=x --demo': ['-v is a number such as 2, not "x"', 'kpc run -v=2 --demo'],
  'render cluster.yaml': [
    'kpc render takes flags only, but was given "cluster.yaml"',
    'kpc render -f cluster.yaml',
  ],
  'render --demo --node-address 1.2.3': [
    '--node-address "1.2.3" is not an IP address',
    'kpc render --node-address 192.0.2.10',
  ],
  'run --demo --netns ../x': [
    '--netns is a name of ip netns list, not "../x"',
    'kpc run --netns x',
  ],
  completion: ['kpc completion needs a SHELL', 'kpc completion bash|zsh|fish'],
  'completion bsh': [
    'kpc completion takes one of bash, zsh, fish, not "bsh"',
    'kpc completion bash',
  ],
  'completion bash zsh': [
    'kpc completion takes one of bash, zsh, fish, not "bash zsh"',
    'kpc completion bash',
  ],
} as const

t.test('wrong usage: what is wrong, what to type, and 64', async t => {
  for (const [line, [fault, advice]] of Object.entries(WRONG)) {
    const { code, out, err } = await kpc(line.split(' ').filter(word => word !== ''))
    t.equal(code, 64, line)
    t.equal(out, '', line)
    t.equal(err, `error: ${fault}\n  type: ${advice}\n`, line)
  }
})

t.test('kpc version', async t => {
  for (const argv of [['version'], ['--version']]) {
    const { code, out } = await kpc(argv)
    t.equal(code, 0)
    t.match(out, /^kpc \d+\.\d+\.\d+\n$/)
  }
})

t.test('a fault of our own is not dressed up as the user’s', async t => {
  const hostname = (): string => {
    throw new TypeError('ours')
  }
  await t.rejects(kpc(['render', '-f', 'x.yaml'], { io: { hostname } }), TypeError)
})
