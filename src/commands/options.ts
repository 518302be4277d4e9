/**
 * All flags of all commands, declared once, so that a flag means the same wherever it is taken. A command lists the
 * names of those it takes; parsing, help and shell completion are read from here.
 */
import type { BackendName } from '../../backends/registry.ts'
import { DEFAULT_MODE } from '../config/defaults.ts'
import { MODES } from './modes.ts'

interface Described {
  readonly short?: string
  readonly help: string
}

interface FlagOption extends Described {
  readonly kind: 'flag'
}

/** How often it was given, or the number behind it. */
interface LevelOption extends Described {
  readonly kind: 'level'
}

interface TextOption<K extends 'text' | 'list' | 'duration'> extends Described {
  readonly kind: K
  /** What stands for the value in help. */
  readonly value: string
  /** The value is a path. */
  readonly file?: true
}

interface ChoiceOption<C extends string> extends Described {
  readonly kind: 'choice'
  readonly choices: readonly C[]
}

export type Option =
  | FlagOption
  | LevelOption
  | TextOption<'text'>
  | TextOption<'list'>
  | TextOption<'duration'>
  | ChoiceOption<string>

type ValueOf<O extends Option> = O extends FlagOption
  ? boolean
  : O extends LevelOption
    ? number
    : O extends TextOption<'list'>
      ? readonly string[]
      : O extends TextOption<'duration'>
        ? number | undefined
        : O extends ChoiceOption<infer C>
          ? C | undefined
          : string | undefined

interface Options {
  readonly filename: TextOption<'list'>
  readonly demo: FlagOption
  readonly config: TextOption<'text'>
  readonly hostnameOverride: TextOption<'text'>
  readonly proxyMode: ChoiceOption<BackendName>
  readonly ipFamily: ChoiceOption<'ipv4' | 'ipv6' | 'dual'>
  readonly nodeAddress: TextOption<'list'>
  readonly iptablesFlavour: ChoiceOption<'nft' | 'legacy'>
  readonly netns: TextOption<'text'>
  readonly dryRun: FlagOption
  readonly once: FlagOption
  readonly for: TextOption<'duration'>
  readonly output: ChoiceOption<'text' | 'json' | 'yaml'>
  readonly kubeconfig: TextOption<'text'>
  readonly bind: TextOption<'text'>
  readonly port: TextOption<'text'>
  readonly http: FlagOption
  readonly nodes: TextOption<'text'>
  readonly data: TextOption<'text'>
  readonly verbose: LevelOption
  readonly help: FlagOption
}

const OPTIONS: Options = {
  filename: {
    kind: 'list',
    short: 'f',
    value: 'PATH',
    file: true,
    help: 'YAML or JSON objects: a file, a folder, or - for standard input; repeatable',
  },
  demo: { kind: 'flag', help: 'take the sample cluster that comes with kpc, on node-a' },
  config: {
    kind: 'text',
    value: 'FILE',
    file: true,
    help: 'KubeProxyConfiguration; a mode that it names goes before --proxy-mode, as in kube-proxy',
  },
  hostnameOverride: {
    kind: 'text',
    value: 'NODE',
    help: "the node's name, instead of the host's",
  },
  proxyMode: {
    kind: 'choice',
    choices: MODES,
    help: `which dataplane to compile for (default: ${DEFAULT_MODE})`,
  },
  ipFamily: {
    kind: 'choice',
    choices: ['ipv4', 'ipv6', 'dual'],
    help: 'IP families to serve (default: dual, or what the kernel has)',
  },
  nodeAddress: {
    kind: 'list',
    value: 'IP',
    help: "an address of the node's interfaces, instead of those found; repeatable",
  },
  iptablesFlavour: {
    kind: 'choice',
    choices: ['nft', 'legacy'],
    help: 'which iptables tools to call (default: what PATH finds)',
  },
  netns: { kind: 'text', value: 'NAME', help: 'work in this network namespace (ip netns)' },
  dryRun: { kind: 'flag', help: 'print each change instead of writing it' },
  once: { kind: 'flag', help: 'sync once and exit' },
  for: { kind: 'duration', value: 'TIME', help: 'end after this time, such as 10s or 1m30s' },
  output: {
    kind: 'choice',
    short: 'o',
    choices: ['text', 'json', 'yaml'],
    help: 'form of the output; json and yaml keep to kpc.dev/v1alpha1',
  },
  kubeconfig: {
    kind: 'text',
    value: 'FILE',
    file: true,
    help: 'how to reach the API server: read by run, written by simulate',
  },
  bind: { kind: 'text', value: 'ADDRESS', help: 'address to listen on (default: 127.0.0.1)' },
  port: { kind: 'text', value: 'N', help: 'port to listen on; 0 picks one (default: 6443)' },
  http: { kind: 'flag', help: 'serve plain HTTP instead of HTTPS' },
  nodes: { kind: 'text', value: 'N', help: 'how many nodes the cluster has (default: 3)' },
  data: {
    kind: 'text',
    value: 'DIR',
    file: true,
    help: 'keep the store in this folder (default: in memory)',
  },
  verbose: {
    kind: 'level',
    short: 'v',
    help: 'leave nothing out (a number may follow, as for kube-proxy)',
  },
  help: { kind: 'flag', short: 'h', help: 'print this help' },
}

export type OptionName = keyof Options

/** The values of these options, as parsed. */
export type Values<N extends OptionName> = { readonly [K in N]: ValueOf<Options[K]> }

/** hostnameOverride → --hostname-override */
export const flagOf = (name: string): string =>
  `--${name.replace(/[A-Z]/g, letter => `-${letter.toLowerCase()}`)}`

export const optionOf = (name: OptionName): Option => OPTIONS[name]
